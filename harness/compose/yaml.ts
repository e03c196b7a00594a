/** A value of a compose file. Texts are meant as they stand: what compose would interpolate in them (`$`) is escaped when they are written. */
export type Node = string | number | boolean | null | readonly Node[] | Mapping | Tagged | Literal | Verbatim;

export interface Mapping {
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly key: string;
  readonly value: Node;
  /** Lines above it that say what it is for. */
  readonly comment?: string;
}

/** A value that replaces what other files say, in place of being merged with it. */
export interface Tagged {
  readonly tag: '!reset' | '!override';
  readonly value: Node;
}

/** A text of several lines that a person should be able to read: printable, ending in a line break. */
export interface Literal {
  readonly literal: string;
}

/** A text in which compose is to interpolate: `${PORT:-8080}`. */
export interface Verbatim {
  readonly verbatim: string;
}

/** A mapping of what is not undefined, in the order in which it stands there. */
export function mapping(fields: Readonly<Record<string, Node | undefined>>): Mapping {
  return { entries: Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }])) };
}

/**
 * Writes a document as YAML that compose reads back as what was meant. The same document gives the same bytes.
 *
 * @throws {TypeError} if a text is none that YAML can carry, or a literal is none
 */
export function writeYaml(document: Mapping): string {
  return `${mappingLines(document, 0).join('\n')}\n`;
}

const STEP = 2;
/** Longest line that a list is written on as a whole. */
const WIDTH = 140;

function mappingLines({ entries }: Mapping, indent: number): string[] {
  const margin = ' '.repeat(indent);
  return entries.flatMap(({ key, value, comment }, index) => {
    // What is explained stands apart.
    const gap = comment !== undefined && index > 0 ? [''] : [];
    const said = comment === undefined ? [] : comment.split('\n').map((line) => `${margin}# ${line}`.trimEnd());
    return [...gap, ...said, ...lines(`${margin}${scalar(key)}:`, value, indent)];
  });
}

/** The lines of one value behind `head`: on the same line where it has no parts. */
function lines(head: string, node: Node, indent: number): string[] {
  if (isList(node)) {
    const flow = `${head} [${node.flatMap((entry) => (isPlain(entry) ? [text(entry)] : [])).join(', ')}]`;
    if (node.every(isPlain) && flow.length <= WIDTH) return [flow];
    return [head, ...node.flatMap((entry) => itemLines(entry, indent + STEP))];
  }
  if (typeof node !== 'object' || node === null) return [`${head} ${text(node)}`];
  if ('tag' in node) return lines(`${head} ${node.tag}`, node.value, indent);
  if ('literal' in node) return [`${head} |`, ...literalLines(node.literal, indent + STEP)];
  if ('verbatim' in node) return [`${head} ${scalar(node.verbatim)}`];
  return node.entries.length === 0 ? [`${head} {}`] : [head, ...mappingLines(node, indent + STEP)];
}

function itemLines(node: Node, indent: number): string[] {
  const margin = ' '.repeat(indent);
  const isNested = typeof node === 'object' && node !== null && !isList(node) && 'entries' in node && node.entries.length > 0;
  if (!isNested) return lines(`${margin}-`, node, indent);
  // The first key stands beside the dash.
  const [first = '', ...rest] = mappingLines(node, indent + STEP);
  return [`${margin}- ${first.trimStart()}`, ...rest];
}

function isPlain(node: Node): node is string | number | boolean | null {
  return typeof node !== 'object' || node === null;
}

function isList(node: Node): node is readonly Node[] {
  return Array.isArray(node);
}

function text(value: string | number | boolean | null): string {
  return typeof value === 'string' ? scalar(value.replaceAll('$', '$$$$')) : String(value);
}

/** Words that YAML 1.1 readers take for a truth value or for nothing. */
const RESERVED = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/** Unquoted only where no reader can take it for anything but this text. */
function scalar(value: string): string {
  if (!value.isWellFormed() || value.includes('\0'))
    throw new TypeError(`Cannot write YAML as a text must be well-formed and without NUL: current value is ${JSON.stringify(value)}`);
  if (/^[A-Za-z/][\w./-]*(?::[\w./-]+)*$/.test(value) && !RESERVED.test(value)) return value;
  // JSON's quoting is YAML's, but for what JSON lets stand as it is.
  return JSON.stringify(value).replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

function literalLines(value: string, indent: number): string[] {
  if (!/^[\x20-\x7e][\x20-\x7e\n]*\n$/.test(value) || value.startsWith(' '))
    throw new TypeError(
      'Cannot write YAML as a literal must be printable ASCII that starts with no space and ends in a line break: current value is ' +
        JSON.stringify(value),
    );
  const margin = ' '.repeat(indent);
  return value
    .slice(0, -1)
    .split('\n')
    .map((line) => (line === '' ? '' : `${margin}${line.replaceAll('$', '$$$$')}`));
}
