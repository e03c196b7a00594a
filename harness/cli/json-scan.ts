/** What a text says as JSON: where it stops being any, and where the entries of the list that it is begin. */
export interface JsonScan {
  /** Undefined where all of it is JSON. */
  readonly errorAt: number | undefined;
  readonly entries: readonly number[];
}

const SPACE = /[ \t\r\n]*/y;
const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/uy;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or end' | 'nothing';

/** `JSON.parse` says neither the place of every error nor that of a value. */
export function scanJson(text: string): JsonScan {
  const entries: number[] = [];
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    SPACE.lastIndex = at;
    const start = at + (SPACE.exec(text)?.[0].length ?? 0);
    if (match === null) return { errorAt: expected === 'nothing' && start === text.length ? undefined : start, entries };
    const [whole, sign, string] = match;
    const next = step({ expected, sign, isString: string !== undefined, open });
    if (next === null) return { errorAt: start, entries };
    const wasValue = expected === 'value' || expected === 'value or ]';
    const isEntry = wasValue && sign !== ']' && (open.length === 1 ? sign !== '[' && sign !== '{' : open.length === 2 && isOpening(sign));
    if (isEntry && open[0] === '[') entries.push(start);
    expected = next;
    at += whole.length;
  }
}

interface Step {
  readonly expected: Expected;
  readonly sign: string | undefined;
  readonly isString: boolean;
  readonly open: ('{' | '[')[];
}

/** What may follow the token, or null where it may not stand here; keeps `open` up to date. */
function step({ expected, sign, isString, open }: Step): Expected | null {
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : ', or end');
  const closes = (sign === '}' && open.at(-1) === '{') || (sign === ']' && open.at(-1) === '[');
  switch (expected) {
    case 'value':
    case 'value or ]':
      if (sign === undefined) return afterValue();
      if (sign === '{' || sign === '[') {
        open.push(sign);
        return sign === '{' ? 'key or }' : 'value or ]';
      }
      if (expected === 'value' || !closes) return null;
      open.pop();
      return afterValue();
    case 'key':
    case 'key or }':
      if (isString) return ':';
      if (expected === 'key' || !closes) return null;
      open.pop();
      return afterValue();
    case ':':
      return sign === ':' ? 'value' : null;
    case ', or end':
      if (sign === ',') return open.at(-1) === '{' ? 'key' : 'value';
      if (!closes) return null;
      open.pop();
      return afterValue();
    case 'nothing':
      return null;
  }
}

function isOpening(sign: string | undefined): boolean {
  return sign === '{' || sign === '[';
}
