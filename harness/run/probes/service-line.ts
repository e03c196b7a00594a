import { BREAKER_STATES, type BreakerState } from '../../model/breaker.ts';

/** What a service may say of itself on stdout, one JSON object a line. Everything else that it prints is its log. */
export type ServiceStatement =
  | { readonly about: 'breaker'; readonly name: string; readonly state: BreakerState; readonly monoNs?: string }
  | { readonly about: 'effect'; readonly effect: string; readonly key: string; readonly traceId: string; readonly monoNs?: string }
  /** Meant as a statement, and unreadable. */
  | { readonly about: 'garbage'; readonly meant: 'breaker' | 'effect' | 'unknown'; readonly reason: string };

const MARK = '"halfopen"';
/** The service's own clock is believed if the line arrived within this time after it, in microseconds. */
const ARRIVAL_US = 5_000_000;

/** Reads a line of a service's stdout; null if it is an ordinary log line. */
export function readServiceLine(text: string): ServiceStatement | null {
  if (!text.includes(MARK)) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A log line may quote a statement; only what starts as an object was meant as one.
    return text.trimStart().startsWith('{') ? garbage(text, 'is no JSON') : null;
  }
  if (typeof value !== 'object' || value === null || !('halfopen' in value)) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  if (fields['halfopen'] === 'breaker') return readBreaker(fields, text);
  if (fields['halfopen'] === 'effect') return readEffectFields(fields, text);
  // The harness's own processes announce themselves with the same mark.
  return typeof fields['halfopen'] === 'string' ? null : garbage(text, "'halfopen' names no kind of statement");
}

/** When the line's moment was, in microseconds since run start: by the service's clock if that is plausible, else its arrival. */
export function statedUs(monoNs: string | undefined, arrivedUs: number, originUs: number): number {
  if (monoNs === undefined || !/^\d{1,20}$/.test(monoNs)) return arrivedUs;
  const atUs = Number(BigInt(monoNs) / 1000n) - originUs;
  return atUs <= arrivedUs && atUs >= arrivedUs - ARRIVAL_US ? atUs : arrivedUs;
}

function readBreaker(fields: Readonly<Record<string, unknown>>, text: string): ServiceStatement {
  const { name, state } = fields;
  if (typeof name !== 'string' || name === '') return garbage(text, "'name' must be a text");
  const known = BREAKER_STATES.find((candidate) => candidate === state);
  if (known === undefined || known === 'unknown') {
    const states = BREAKER_STATES.filter((candidate) => candidate !== 'unknown').join(', ');
    return garbage(text, `'state' must be one of ${states}: current value is ${JSON.stringify(state) ?? 'nothing'}`);
  }
  return { about: 'breaker', name, state: known, ...ownClock(fields) };
}

function readEffectFields(fields: Readonly<Record<string, unknown>>, text: string): ServiceStatement {
  const { effect, key, traceId } = fields;
  if (typeof effect !== 'string' || effect === '') return garbage(text, "'effect' must be a text");
  if (typeof key !== 'string' || key === '') return garbage(text, "'key' must be a text");
  return { about: 'effect', effect, key, traceId: typeof traceId === 'string' ? traceId : '', ...ownClock(fields) };
}

function ownClock({ monoNs }: Readonly<Record<string, unknown>>): { readonly monoNs?: string } {
  return typeof monoNs === 'string' || typeof monoNs === 'number' ? { monoNs: String(monoNs) } : {};
}

function garbage(text: string, reason: string): ServiceStatement {
  const meant = /"halfopen"\s*:\s*"(breaker|effect)"/.exec(text)?.[1];
  return { about: 'garbage', meant: meant === 'breaker' || meant === 'effect' ? meant : 'unknown', reason };
}
