import { LIMITS } from '../../model/limits.ts';
import type { ToxicSpec } from './contract.ts';
import type { Sign } from './toxics/mark.ts';

type Stream = ToxicSpec['stream'];
type Attributes = ToxicSpec['attributes'];

/** A whole number that Toxiproxy survives; one that is demanded has a default there that it does not survive. */
interface Bound {
  readonly min: number;
  readonly max: number;
  readonly isDemanded?: true;
}

/** A toxic of Toxiproxy 2.12. */
interface RealToxic {
  /** Within what the server survives: others of these values end its process with the next byte. */
  readonly attributes: Readonly<Record<string, Bound>>;
  /** What shows, on a relay before it, that it has its hands on a call: direction → sign. */
  marks(stream: Stream, attributes: Attributes): Readonly<Partial<Record<Stream, Sign | number>>>;
  /** What is wrong with the attributes together, or undefined. */
  problem?(attributes: Attributes): string | undefined;
  /** Whether it can be withdrawn at once. @default true */
  stopsInTime?(attributes: Attributes): boolean;
}

const MS: Bound = { min: 0, max: LIMITS.ruleMs };
const BYTES: Bound = { min: 0, max: 2 ** 31 - 1 };
/** A sleep before a reset cannot be interrupted there: a longer one would make the withdrawal look like a frozen server. */
const RESET_AFTER_MS = 500;

/**
 * What is sent upstream passes the relay first, so its bytes are the sign. What comes downstream may be held or swallowed and never reach the
 * relay: then the call that waits for it is, by the bytes that it sent.
 */
function byBytes(stream: Stream): Readonly<Partial<Record<Stream, Sign>>> {
  return stream === 'upstream' ? { upstream: 'bytes' } : { upstream: 'bytes', downstream: 'bytes' };
}

const REAL_TOXICS: Readonly<Record<string, RealToxic>> = {
  latency: { attributes: { latency: MS, jitter: MS }, marks: byBytes },
  bandwidth: { attributes: { rate: { min: 0, max: 1_000_000_000 } }, marks: byBytes },
  slow_close: { attributes: { delay: MS }, marks: (stream) => ({ [stream]: 'end' }) },
  // Its withdrawal cuts what is under way.
  timeout: { attributes: { timeout: MS }, marks: (stream) => ({ ...byBytes(stream), [stream]: 'cut' }) },
  reset_peer: {
    attributes: { timeout: MS },
    marks: (stream) => (stream === 'upstream' ? { upstream: 'bytes' } : { downstream: 'break' }),
    stopsInTime: ({ timeout = 0 }) => Number(timeout) <= RESET_AFTER_MS,
  },
  slicer: {
    attributes: {
      average_size: { min: 1, max: BYTES.max, isDemanded: true },
      size_variation: BYTES,
      delay: { min: 0, max: LIMITS.ruleMs * 1000 },
    },
    marks: byBytes,
    problem: ({ average_size: size, size_variation: variation = 0 }) =>
      Number(variation) < Number(size)
        ? undefined
        : `'size_variation' must be less than 'average_size' (${size}): current value is ${variation}`,
  },
  limit_data: { attributes: { bytes: BYTES }, marks: (stream, { bytes = 0 }) => ({ [stream]: bytes === 0 ? 'break' : bytes }) },
  noop: { attributes: {}, marks: () => ({}) },
};

/** Why a Toxiproxy 2.12 cannot be given this toxic, or undefined. */
export function problemOnToxiproxy({ name, type, toxicity = 1, attributes }: ToxicSpec): string | undefined {
  const known = realToxic(type);
  if (name === '' || name.includes('/')) return `'name' must be a text without a slash: current value is '${name}'`;
  if (known === undefined) return `'type' must be one of ${Object.keys(REAL_TOXICS).join(', ')}: current value is '${type}'`;
  if (!(toxicity >= 0 && toxicity <= 1)) return `'toxicity' must be a number from 0 to 1: current value is ${toxicity}`;
  const names = Object.keys(known.attributes);
  const stranger = Object.keys(attributes).find((attribute) => !names.includes(attribute));
  if (stranger !== undefined)
    return `'${stranger}' must be an attribute of ${type} (${names.join(', ')}): current value is '${attributes[stranger]}'`;
  for (const [attribute, { min, max, isDemanded }] of Object.entries(known.attributes)) {
    const value = attributes[attribute];
    if (value === undefined && isDemanded !== true) continue;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
      return `'${attribute}' must be a whole number from ${min} to ${max}: current value is ${JSON.stringify(value)}`;
  }
  return known.problem?.(attributes);
}

/**
 * Whether a Toxiproxy can do this as well as the relay. It cannot where it lacks the toxic or an attribute; where only a share of the
 * connections is hit, since nobody could tell which; and where it could not be stopped in time.
 */
export function isForToxiproxy(toxic: ToxicSpec): boolean {
  if ((toxic.toxicity ?? 1) !== 1 || problemOnToxiproxy(toxic) !== undefined) return false;
  return realToxic(toxic.type)?.stopsInTime?.(toxic.attributes) ?? true;
}

/** The marks on the relay that show what a toxic on the Toxiproxy behind it has its hands on. */
export function marksOf({ name, type, stream, attributes }: ToxicSpec): readonly ToxicSpec[] {
  const signs = realToxic(type)?.marks(stream, attributes) ?? {};
  return STREAMS.flatMap((at) => {
    const sign = signs[at];
    if (sign === undefined) return [];
    const shown: Readonly<Record<string, number | string>> = typeof sign === 'number' ? { sign: 'bytes', after: sign } : { sign };
    return [{ name: markName(name, at), type: 'mark', stream: at, attributes: { of: type, ...shown } }];
  });
}

const STREAMS = ['upstream', 'downstream'] as const;

/** Names of all marks that a toxic of this name may have on the relay. */
export function markNames(toxicName: string): readonly string[] {
  return STREAMS.map((stream) => markName(toxicName, stream));
}

/** Stays a toxic of the same fault: its name up to `#`. */
function markName(toxicName: string, stream: Stream): string {
  return `${toxicName}${toxicName.includes('#') ? '.' : '#'}${stream}`;
}

function realToxic(type: string): RealToxic | undefined {
  return Object.hasOwn(REAL_TOXICS, type) ? REAL_TOXICS[type] : undefined;
}
