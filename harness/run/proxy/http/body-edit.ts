import { bytesOf } from './wire-text.ts';

/** What is to become of a body; a part that is left out stays as it is. */
export interface BodyEdit {
  /** The whole new body. */
  readonly body?: string;
  readonly replace?: readonly { readonly find: string; readonly with: string }[];
  /** Values at JSON pointers. */
  readonly json?: readonly { readonly pointer: string; readonly value: unknown }[];
}

export function editsBody({ body, replace, json }: BodyEdit): boolean {
  return body !== undefined || replace !== undefined || json !== undefined;
}

/** The edited body; the same bytes where no edit finds anything to change. */
export function editBody(content: Buffer, { body, replace = [], json = [] }: BodyEdit): Buffer {
  if (body !== undefined) return Buffer.from(body, 'utf8');
  let text = content.toString('latin1');
  // A character a byte, so that bytes which are no UTF-8 stay as they are.
  for (const { find, with: instead } of replace) text = text.replaceAll(bytesOf(find), () => bytesOf(instead));
  const replaced = Buffer.from(text, 'latin1');
  return json.length === 0 ? replaced : editJson(replaced, json);
}

function editJson(content: Buffer, edits: NonNullable<BodyEdit['json']>): Buffer {
  let root: unknown;
  try {
    root = JSON.parse(content.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return content;
    throw error;
  }
  let isEdited = false;
  for (const { pointer, value } of edits) {
    if (pointer === '') {
      root = value;
      isEdited = true;
    } else if (setAt(root, pointer, value)) {
      isEdited = true;
    }
  }
  return isEdited ? Buffer.from(JSON.stringify(root), 'utf8') : content;
}

/** Puts a value at a pointer (RFC 6901) whose parent is there; `-` is the place behind an array's last. Answers whether it could. */
function setAt(root: unknown, pointer: string, value: unknown): boolean {
  const tokens = pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = tokens.pop() ?? '';
  let parent = root;
  for (const token of tokens) {
    if (typeof parent !== 'object' || parent === null) return false;
    if (Array.isArray(parent) ? indexIn(parent, token) >= parent.length : !Object.hasOwn(parent, token)) return false;
    parent = (parent as Readonly<Record<string, unknown>>)[token];
  }
  if (typeof parent !== 'object' || parent === null) return false;
  if (Array.isArray(parent)) {
    const index = indexIn(parent, last);
    if (index > parent.length) return false;
    parent[index] = value;
  } else {
    // Also right where the name is `__proto__`.
    Object.defineProperty(parent, last, { value, enumerable: true, writable: true, configurable: true });
  }
  return true;
}

/** The place that a token names in an array; Infinity where it names none. */
function indexIn(array: readonly unknown[], token: string): number {
  if (token === '-') return array.length;
  return /^(?:0|[1-9][0-9]{0,9})$/.test(token) ? Number(token) : Infinity;
}
