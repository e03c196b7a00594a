/** How a message's body ends: not there, after `length` bytes, with its last chunk, or when the connection ends. */
export type Framing = 'none' | 'length' | 'chunked' | 'close';

export interface ReplyHead {
  readonly status: number;
  readonly framing: Framing;
  /** Bytes of a body of known length, else 0. */
  readonly length: number;
  /** The body is JSON that is not compressed, as far as the headers tell. */
  readonly isJson: boolean;
  readonly isCompressed: boolean;
}

/** What the headers say of the message, as far as following it takes. */
interface Fields {
  length: number | null;
  isChunked: boolean;
  /** They contradict each other or cannot be read. */
  isBroken: boolean;
  hasClose: boolean;
  hasKeepAlive: boolean;
  expects: boolean;
  traceId: string;
  isJson: boolean;
  isCompressed: boolean;
}

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const COLON = 58;
const QUESTION = 63;
const LETTER = 32;
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/;

/** The bytes of a token (RFC 9110 §5.6.2). */
const TOKEN = new Uint8Array(256);
for (const byte of Buffer.from("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) TOKEN[byte] = 1;

export class RequestHead {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly framing: Framing;
  /** Bytes of a body of known length, else 0. */
  readonly length: number;
  /** 32 hexadecimal digits, '' without a valid `traceparent`. */
  readonly traceId: string;
  readonly closes: boolean;
  /** Waits for `100 Continue` before it sends its body. */
  readonly expects: boolean;
  readonly isCompressed: boolean;
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #end: number;

  constructor(line: RequestLine, fields: Fields, place: { readonly bytes: Buffer; readonly from: number; readonly end: number }) {
    this.method = line.method;
    this.path = line.path;
    const length = fields.length ?? 0;
    this.framing = fields.isChunked ? 'chunked' : length > 0 ? 'length' : 'none';
    this.length = length;
    this.traceId = fields.traceId;
    this.closes = fields.hasClose || (line.isOldVersion && !fields.hasKeepAlive);
    this.expects = fields.expects;
    this.isCompressed = fields.isCompressed;
    this.#bytes = place.bytes;
    this.#from = place.from;
    this.#end = place.end;
  }

  /** The head as it came, without its empty line, a character a byte: for rules that look at other headers. */
  get text(): string {
    return this.#bytes.toString('latin1', this.#from, this.#end);
  }
}

interface RequestLine {
  readonly method: string;
  readonly path: string;
  readonly isOldVersion: boolean;
  /** Where the line ends. */
  readonly end: number;
}

/** Reads a request's head (up to and without its empty line); null where it is not HTTP/1.x as this proxy can follow it. */
export function parseRequestHead(bytes: Buffer, from = 0, end = bytes.length): RequestHead | null {
  const line = readRequestLine(bytes, from, end);
  if (line === null) return null;
  const fields = readFields(bytes, line.end, end);
  return fields === null ? null : new RequestHead(line, fields, { bytes, from, end });
}

/** Reads a reply's head; `requestMethod` decides whether a body follows. */
export function parseReplyHead(bytes: Buffer, requestMethod: string, from = 0, end = bytes.length): ReplyHead | null {
  const status = readStatus(bytes, from, end);
  if (status === 0) return null;
  let lineEnd = from + 12;
  while (lineEnd < end && bytes[lineEnd] !== CR && bytes[lineEnd] !== LF) lineEnd++;
  const fields = readFields(bytes, lineEnd, end);
  if (fields === null) return null;
  const framing = replyFraming(status, requestMethod, fields);
  const { isJson, isCompressed } = fields;
  return { status, framing, length: framing === 'length' ? (fields.length ?? 0) : 0, isJson: isJson && !isCompressed, isCompressed };
}

function replyFraming(status: number, requestMethod: string, fields: Fields): Framing {
  if (requestMethod === 'HEAD' || status < 200 || status === 204 || status === 304) return 'none';
  if (requestMethod === 'CONNECT' && status < 300) return 'none';
  if (fields.isChunked) return 'chunked';
  if (fields.length === null) return 'close';
  return fields.length === 0 ? 'none' : 'length';
}

/** `GET /path HTTP/1.1`: a token, a target without blanks, a version that is known. */
function readRequestLine(bytes: Buffer, from: number, end: number): RequestLine | null {
  let at = from;
  while (at < end && TOKEN[bytes[at] ?? 0] === 1) at++;
  if (at === from || bytes[at] !== SPACE) return null;
  const targetFrom = at + 1;
  let query = -1;
  for (at = targetFrom; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte <= SPACE || byte === 127) break;
    if (byte === QUESTION && query < 0) query = at;
  }
  const isHttp = at > targetFrom && bytes[at] === SPACE && at + 9 <= end && isVersion(bytes, at + 1);
  if (!isHttp || (at + 9 < end && bytes[at + 9] !== CR)) return null;
  return {
    method: bytes.toString('latin1', from, targetFrom - 1),
    path: bytes.toString('latin1', targetFrom, query < 0 ? at : query),
    isOldVersion: bytes[at + 8] === 48,
    end: at + 9,
  };
}

/** The status of `HTTP/1.1 200 Any words`, 0 where this is no status line. */
function readStatus(bytes: Buffer, from: number, end: number): number {
  if (end - from < 12 || !isVersion(bytes, from) || bytes[from + 8] !== SPACE) return 0;
  let status = 0;
  for (let at = from + 9; at < from + 12; at++) {
    const digit = (bytes[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return 0;
    status = status * 10 + digit;
  }
  const isOver = from + 12 === end || bytes[from + 12] === SPACE || bytes[from + 12] === CR;
  return status >= 100 && isOver ? status : 0;
}

/** `HTTP/1.0` or `HTTP/1.1`. */
function isVersion(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 72 &&
    bytes[at + 1] === 84 &&
    bytes[at + 2] === 84 &&
    bytes[at + 3] === 80 &&
    bytes[at + 4] === 47 &&
    bytes[at + 5] === 49 &&
    bytes[at + 6] === 46 &&
    (bytes[at + 7] === 49 || bytes[at + 7] === 48)
  );
}

/** Reads the lines from the end of the first one on, each byte once; null where one is no header as it should be. */
function readFields(bytes: Buffer, from: number, end: number): Fields | null {
  const fields: Fields = {
    length: null,
    isChunked: false,
    isBroken: false,
    hasClose: false,
    hasKeepAlive: false,
    expects: false,
    traceId: '',
    isJson: false,
    isCompressed: false,
  };
  let at = from;
  while (at < end) {
    // A folded or nameless line, or a lone carriage return or line feed, is what request smuggling is made of: not followed.
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return null;
    at += 2;
    let colon = at;
    while (colon < end && TOKEN[bytes[colon] ?? 0] === 1) colon++;
    if (colon === at || colon >= end || bytes[colon] !== COLON) return null;
    let stop = colon + 1;
    while (stop < end && bytes[stop] !== CR && bytes[stop] !== LF) stop++;
    readField(fields, bytes, { at, colon, stop });
    at = stop;
  }
  return fields.isBroken ? null : fields;
}

interface FieldPlace {
  readonly at: number;
  readonly colon: number;
  readonly stop: number;
}

/** Only the fields that are looked at become texts; their names' lengths tell nearly all others apart. */
function readField(fields: Fields, bytes: Buffer, place: FieldPlace): void {
  switch (place.colon - place.at) {
    case 6:
      if (isName(bytes, place, 'expect')) fields.expects = true;
      break;
    case 10:
      if (isName(bytes, place, 'connection')) {
        const value = valueOf(bytes, place);
        fields.hasClose ||= value.includes('close');
        fields.hasKeepAlive ||= value.includes('keep-alive');
      }
      break;
    case 11:
      if (isName(bytes, place, 'traceparent')) fields.traceId = TRACEPARENT.exec(valueOf(bytes, place))?.[1] ?? '';
      break;
    case 12:
      if (isName(bytes, place, 'content-type')) fields.isJson = /[/+]json\b/.test(valueOf(bytes, place));
      break;
    case 14:
      if (isName(bytes, place, 'content-length')) readLength(fields, valueOf(bytes, place));
      break;
    case 16:
      if (isName(bytes, place, 'content-encoding')) fields.isCompressed = valueOf(bytes, place) !== 'identity';
      break;
    case 17:
      if (isName(bytes, place, 'transfer-encoding')) {
        fields.isBroken ||= valueOf(bytes, place) !== 'chunked' || fields.isChunked || fields.length !== null;
        fields.isChunked = true;
      }
      break;
    default:
  }
}

function readLength(fields: Fields, value: string): void {
  const length = /^[0-9]{1,15}$/.test(value) ? Number(value) : null;
  fields.isBroken ||= length === null || (fields.length !== null && fields.length !== length) || fields.isChunked;
  fields.length = length;
}

function isName(bytes: Buffer, { at, colon }: FieldPlace, name: string): boolean {
  for (let index = at; index < colon; index++) {
    if (((bytes[index] ?? 0) | LETTER) !== name.charCodeAt(index - at)) return false;
  }
  return true;
}

/** A field's value in lower case, without the blanks around it. */
function valueOf(bytes: Buffer, { colon, stop }: FieldPlace): string {
  let from = colon + 1;
  let to = stop;
  while (from < to && (bytes[from] === SPACE || bytes[from] === TAB)) from++;
  while (to > from && (bytes[to - 1] === SPACE || bytes[to - 1] === TAB)) to--;
  return bytes.toString('latin1', from, to).toLowerCase();
}
