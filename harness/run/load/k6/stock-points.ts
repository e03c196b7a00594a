import type { Begin, Drop, Req } from './protocol.ts';

/** What k6's JSON output says of one sample, as far as it is of use here. */
interface Point {
  readonly type: string;
  readonly metric: string;
  readonly data: {
    readonly time: string;
    readonly metadata?: Readonly<Record<string, string>>;
  };
}

type Told = Begin | Req | Drop;

/** Metrics that say something of an arrival; all others are k6's own sums. */
const OF_USE = /^\{"metric":"(?:halfopen_(?:begun|answered|dropped)|http_req_duration)","type":"Point"/;

/** k6's codes for calls without a whole answer (k6's documentation, "Error codes"). */
const FAILURES: readonly (readonly [from: number, to: number, err: NonNullable<Req['err']>])[] = [
  [1050, 1050, 'timeout'],
  [1100, 1199, 'dns'],
  [1201, 1201, 'reset'],
  [1211, 1211, 'timeout'],
  [1212, 1212, 'refused'],
  [1220, 1220, 'reset'],
  [1300, 1399, 'tls'],
];
/** Statuses of 400 and above have codes as well, and are answers. */
const STATUS_CODES = { from: 1400, to: 1599 } as const;

/**
 * Reads the lines of k6's JSON output into what the extension would have told. `monotonicUs` maps wall-clock time, in microseconds.
 *
 * @throws {SyntaxError} if a line that begins like a point is none
 */
export function pointReader(bodyLength: number, monotonicUs: (wallUs: number) => number): (line: string) => Told | null {
  /** Ends of calls of which the script has not told yet. */
  const ends = new Map<number, number>();
  return (line) => {
    if (!OF_USE.test(line)) return null;
    const { metric, data } = JSON.parse(line) as Point;
    const { ord, ...said } = data.metadata ?? {};
    // The setup function's own call is no arrival.
    if (ord === undefined) return null;
    const ordinal = Number(ord);
    const at = Math.round(monotonicUs(wallUsOf(data.time)));
    if (metric === 'halfopen_begun') return beginOf(ordinal, at, said['trace'] ?? '');
    if (metric === 'halfopen_dropped') return { t: 'drop', at, ord: ordinal, sc: '', n: 1 };
    if (metric === 'halfopen_answered') {
      const endedAt = ends.get(ordinal) ?? at;
      ends.delete(ordinal);
      return reqOf(ordinal, endedAt, said, bodyLength);
    }
    ends.set(ordinal, at);
    return null;
  };
}

function beginOf(ordinal: number, at: number, tid: string): Begin {
  return { t: 'begin', i: ordinal, at, ord: ordinal, sc: '', vu: 0, it: ordinal, itAt: at, first: true, method: '', url: '', tid };
}

function reqOf(ordinal: number, at: number, said: Readonly<Record<string, string>>, bodyLength: number): Req {
  const status = Number(said['status']);
  const { body } = said;
  const err = failureOf(Number(said['code']), said['error'] ?? '');
  const isCut = body !== undefined && body.length > bodyLength;
  return {
    t: 'req',
    i: ordinal,
    at,
    fb: status === 0 ? null : at - Math.round(Number(said['receivingMs']) * 1000),
    st: status,
    err,
    ...(err === null ? {} : { msg: said['error'] ?? '' }),
    bytes: body === undefined ? Number(said['length'] ?? 0) : Buffer.byteLength(body),
    reused: status > 0 && Number(said['connectingMs']) === 0,
    ...(body === undefined ? {} : { body: body.slice(0, bodyLength) }),
    ...(isCut ? { cut: true } : {}),
  };
}

function failureOf(code: number, words: string): Req['err'] {
  if (!(code >= 1000) || (code >= STATUS_CODES.from && code <= STATUS_CODES.to)) return null;
  if (/\bEOF\b/.test(words)) return 'reset';
  return FAILURES.find(([from, to]) => code >= from && code <= to)?.[2] ?? 'other';
}

/** RFC 3339 with up to nine digits behind the second, of which a `Date` reads three. */
function wallUsOf(time: string): number {
  const [, seconds = '', digits = '', zone = ''] = /^(.*T\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(time) ?? [];
  return Date.parse(`${seconds}${zone}`) * 1000 + Number(digits.padEnd(6, '0').slice(0, 6));
}
