import type { TapRecord } from '../contract.ts';

const STARTED = bytesOf(',"startedUs":');
const FIRST_BYTE = bytesOf(',"firstByteUs":');
const NO_FIRST_BYTE = bytesOf(',"firstByteUs":null,"endedUs":');
const ENDED = bytesOf(',"endedUs":');
const TRACE_ID = bytesOf(',"traceId":');
const BYTES_UP = bytesOf(',"bytesUp":');
const BYTES_DOWN = bytesOf(',"bytesDown":');
const UNTOUCHED = bytesOf(',"observed":null,"fault":null,"touch":null}\n');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Room for the keys, the numbers and the quotes of one line. */
const FIXED_BYTES = 512;
/** What one UTF-16 unit may take: `\u0000`. */
const UNIT_BYTES = 6;
/** Most texts whose bytes are kept for the next line that has them, and the longest of these. */
const KEPT_TEXTS = 1000;
const KEPT_UNITS = 256;

/**
 * Lines of JSON, written byte by byte into one buffer, because it happens once for each exchange: a fraction of what JSON.stringify and
 * the encoding of its text take. The fields always come in the same order.
 */
export class TapLines {
  #bytes = new Uint8Array(64 * 1024);
  #buffer = Buffer.from(this.#bytes.buffer);
  #length = 0;
  /** `{"edge":…,"instance":…,"connection":`, by edge and instance. */
  readonly #origins = new Map<string, Map<string, Uint8Array>>();
  /** `,"outcome":…,"status":` by outcome, `,"method":…,"path":` by method. */
  readonly #outcomes = new Map<string, Uint8Array>();
  readonly #methods = new Map<string, Uint8Array>();

  get length(): number {
    return this.#length;
  }

  add(record: TapRecord): void {
    this.#reserve(FIXED_BYTES + unitsOf(record) * UNIT_BYTES);
    this.#put(this.#origin(record));
    this.#number(record.connection);
    this.#put(STARTED);
    this.#number(record.startedUs);
    if (record.firstByteUs === null) {
      this.#put(NO_FIRST_BYTE);
    } else {
      this.#put(FIRST_BYTE);
      this.#number(record.firstByteUs);
      this.#put(ENDED);
    }
    this.#number(record.endedUs);
    this.#put(kept(this.#outcomes, record.outcome, (outcome) => `,"outcome":${outcome},"status":`));
    this.#number(record.status);
    this.#put(kept(this.#methods, record.method, (method) => `,"method":${method},"path":`));
    this.#text(record.path);
    this.#put(TRACE_ID);
    this.#text(record.traceId);
    this.#put(BYTES_UP);
    this.#number(record.bytesUp);
    this.#put(BYTES_DOWN);
    this.#number(record.bytesDown);
    const { observed, fault, touch } = record;
    if (observed === null && fault === null && touch === null) this.#put(UNTOUCHED);
    else this.#json(`,"observed":${JSON.stringify(observed)},"fault":${JSON.stringify(fault)},"touch":${JSON.stringify(touch)}}\n`);
  }

  /** All lines so far; the next one begins anew. */
  take(): Buffer {
    const lines = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return lines;
  }

  #origin({ edge, instance }: TapRecord): Uint8Array {
    let instances = this.#origins.get(edge);
    if (instances === undefined) {
      if (this.#origins.size >= KEPT_TEXTS) this.#origins.clear();
      instances = new Map();
      this.#origins.set(edge, instances);
    }
    return kept(instances, instance, (text) => `{"edge":${JSON.stringify(edge)},"instance":${text},"connection":`);
  }

  #reserve(needed: number): void {
    if (this.#length + needed <= this.#bytes.length) return;
    const larger = new Uint8Array((this.#length + needed) * 2);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#buffer = Buffer.from(larger.buffer);
  }

  #put(part: Uint8Array): void {
    this.#bytes.set(part, this.#length);
    this.#length += part.length;
  }

  #text(text: string): void {
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = QUOTE;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
        this.#json(JSON.stringify(text));
        return;
      }
      bytes[at++] = code;
    }
    bytes[at++] = QUOTE;
    this.#length = at;
  }

  #number(value: number): void {
    const high = Math.floor(value / 1e9);
    if (!(high >= 0 && high < 1e9 && Number.isInteger(value))) {
      this.#json(JSON.stringify(value));
    } else if (high === 0) {
      this.#digits(value, 1);
    } else {
      this.#digits(high, 1);
      this.#digits(value - high * 1e9, 9);
    }
  }

  /** A whole number below 10⁹, with zeros in front up to that many digits. */
  #digits(value: number, least: number): void {
    const bytes = this.#bytes;
    let count = least;
    for (let limit = least === 1 ? 10 : 1e9; value >= limit; limit *= 10) count++;
    let rest = value | 0;
    for (let at = this.#length + count - 1; at >= this.#length; at--) {
      const next = (rest / 10) | 0;
      bytes[at] = 0x30 + rest - next * 10;
      rest = next;
    }
    this.#length += count;
  }

  #json(json: string): void {
    this.#reserve(json.length * 3 + FIXED_BYTES);
    this.#length += this.#buffer.write(json, this.#length, 'utf8');
  }
}

function unitsOf({ edge, instance, method, path, traceId }: TapRecord): number {
  return edge.length + instance.length + method.length + path.length + traceId.length;
}

/** The bytes for a text that comes again and again. */
function kept(known: Map<string, Uint8Array>, text: string, of: (json: string) => string): Uint8Array {
  const found = known.get(text);
  if (found !== undefined) return found;
  const bytes = bytesOf(of(JSON.stringify(text)));
  if (text.length > KEPT_UNITS) return bytes;
  if (known.size >= KEPT_TEXTS) known.clear();
  known.set(text, bytes);
  return bytes;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
