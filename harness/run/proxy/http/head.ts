/** How a message's body ends. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  /** When the connection ends. */
  | { readonly kind: 'close' };

export interface RequestHead {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly framing: Framing;
  /** 32 hexadecimal digits, '' without a valid `traceparent`. */
  readonly traceId: string;
  readonly closes: boolean;
  /** Waits for `100 Continue` before it sends its body. */
  readonly expects: boolean;
  /** The head as it came, for rules that look at other headers. */
  readonly text: string;
}

export interface ReplyHead {
  readonly status: number;
  readonly framing: Framing;
  /** The body is JSON that is not compressed, as far as the headers tell. */
  readonly isJson: boolean;
}

/** Headers that decide on framing; null where they contradict each other or cannot be read. */
interface Fields {
  length: number | null;
  isChunked: boolean;
  connection: string;
  isBroken: boolean;
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/1\.([01])$/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: .*)?$/;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

/** Reads a request's head (up to and without its empty line); null where it is not HTTP/1.x as this proxy can follow it. */
export function parseRequestHead(text: string): RequestHead | null {
  const lines = text.split('\r\n');
  const start = REQUEST_LINE.exec(lines[0] ?? '');
  if (start === null) return null;
  let traceId = '';
  let expects = false;
  const fields: Fields = { length: null, isChunked: false, connection: '', isBroken: false };
  const isRead = eachHeader(lines, (name, value) => {
    if (name === 'traceparent') traceId = TRACEPARENT.exec(value.toLowerCase())?.[1] ?? '';
    else if (name === 'expect') expects = true;
    else readFraming(fields, name, value);
  });
  if (!isRead || fields.isBroken) return null;
  const target = start[2] ?? '';
  const query = target.indexOf('?');
  const method = start[1] ?? '';
  return {
    method,
    path: query < 0 ? target : target.slice(0, query),
    framing: fields.isChunked
      ? { kind: 'chunked' }
      : (fields.length ?? 0) > 0
        ? { kind: 'length', bytes: fields.length ?? 0 }
        : { kind: 'none' },
    traceId,
    closes: closes(fields.connection, start[3] === '0'),
    expects,
    text,
  };
}

/** Reads a reply's head; `requestMethod` decides whether a body follows. */
export function parseReplyHead(text: string, requestMethod: string): ReplyHead | null {
  const lines = text.split('\r\n');
  const start = STATUS_LINE.exec(lines[0] ?? '');
  if (start === null) return null;
  const fields: Fields = { length: null, isChunked: false, connection: '', isBroken: false };
  let isJson = false;
  let isCompressed = false;
  const isRead = eachHeader(lines, (name, value) => {
    if (name === 'content-type') isJson = /[/+]json\b/i.test(value);
    else if (name === 'content-encoding') isCompressed = value.toLowerCase() !== 'identity';
    else readFraming(fields, name, value);
  });
  if (!isRead || fields.isBroken) return null;
  const status = Number(start[2]);
  return { status, framing: replyFraming(status, requestMethod, fields), isJson: isJson && !isCompressed };
}

/** The value of one header of a head, or undefined; several values are joined with a comma. */
export function headerValue(text: string, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  eachHeader(text.split('\r\n'), (found, value) => {
    if (found === wanted) values.push(value);
  });
  return values.length === 0 ? undefined : values.join(', ');
}

function replyFraming(status: number, requestMethod: string, fields: Fields): Framing {
  if (requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304) return { kind: 'none' };
  if (requestMethod === 'CONNECT' && status < 300) return { kind: 'none' };
  if (fields.isChunked) return { kind: 'chunked' };
  if (fields.length === null) return { kind: 'close' };
  return fields.length === 0 ? { kind: 'none' } : { kind: 'length', bytes: fields.length };
}

function eachHeader(lines: readonly string[], visit: (name: string, value: string) => void): boolean {
  for (let index = 1; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const colon = line.indexOf(':');
    // A folded or nameless line, or a lone line feed, is what request smuggling is made of: not followed.
    if (colon <= 0 || line.startsWith(' ') || line.startsWith('\t') || line.includes('\n')) return false;
    visit(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return true;
}

function readFraming(fields: Fields, name: string, value: string): void {
  if (name === 'content-length') {
    const length = /^[0-9]{1,15}$/.test(value) ? Number(value) : null;
    fields.isBroken ||= length === null || (fields.length !== null && fields.length !== length) || fields.isChunked;
    fields.length = length;
  } else if (name === 'transfer-encoding') {
    fields.isBroken ||= value.toLowerCase() !== 'chunked' || fields.isChunked || fields.length !== null;
    fields.isChunked = true;
  } else if (name === 'connection') {
    fields.connection = value.toLowerCase();
  }
}

function closes(connection: string, isOldVersion: boolean): boolean {
  if (connection.includes('close')) return true;
  return isOldVersion && !connection.includes('keep-alive');
}
