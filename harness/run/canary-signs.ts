import type { CanarySample } from './canary-connection.ts';
import type { ToxicSpec } from './proxy/contract.ts';

/** What canaries met before the fault, when each of them was answered. */
export interface HealthyCanaries {
  readonly slowestMs: number;
  /** Between the fastest and the slowest. */
  readonly spreadMs: number;
  readonly bytes: number;
}

/** How a kind of toxic shows to a caller. */
interface Sign {
  /** How long to wait for what shows it, beyond what a healthy answer took, in milliseconds. */
  waitMs(attributes: ToxicSpec['attributes'], healthy: HealthyCanaries): number;
  /** Whether what a canary met shows the toxic; null where that cannot be told. */
  shows(sample: CanarySample, attributes: ToxicSpec['attributes'], healthy: HealthyCanaries): boolean | null;
}

/** Time for what is not the fault's doing, in milliseconds. */
const MARGIN_MS = 500;
/** No canary is waited for longer, in milliseconds. */
export const LONGEST_WAIT_MS = 5000;
/** Slowness below this many milliseconds is lost in what a machine does by itself. */
const LEAST_EXTRA_MS = 10;

const numberIn = (attributes: ToxicSpec['attributes'], name: string): number => Number(attributes[name] ?? 0);

/** Slower by at least half of what the toxic adds; nothing can be told where healthy answers differ by as much among themselves. */
function slowerBy(extraMs: (attributes: ToxicSpec['attributes'], healthy: HealthyCanaries) => number): Sign {
  return {
    waitMs: (attributes, healthy) => extraMs(attributes, healthy) + numberIn(attributes, 'jitter') + MARGIN_MS,
    shows({ outcome, durationMs }, attributes, healthy) {
      const halfMs = extraMs(attributes, healthy) / 2;
      if (halfMs < LEAST_EXTRA_MS / 2 || healthy.spreadMs >= halfMs) return null;
      if (outcome === 'timeout') return true;
      return outcome === 'answered' ? durationMs >= healthy.slowestMs + halfMs : null;
    },
  };
}

/** Signs of Toxiproxy's toxics; one that is not here (or shows only to those who look longer) tells nothing. */
const signs: Readonly<Record<string, Sign>> = {
  latency: slowerBy((attributes) => numberIn(attributes, 'latency')),
  bandwidth: slowerBy((attributes, { bytes }) => bytes / Math.max(1, numberIn(attributes, 'rate'))),
  slicer: slowerBy(
    (attributes, { bytes }) => (bytes / Math.max(1, numberIn(attributes, 'average_size')) - 1) * (numberIn(attributes, 'delay') / 1000),
  ),
  // Swallows; with a limit it closes the connection after that.
  timeout: {
    waitMs: (attributes) => numberIn(attributes, 'timeout') + MARGIN_MS,
    shows: ({ outcome }) => (outcome === 'answered' ? false : outcome === 'refused' ? null : true),
  },
  reset_peer: {
    waitMs: (attributes) => numberIn(attributes, 'timeout') + MARGIN_MS,
    shows: ({ outcome }) => (outcome === 'answered' ? false : outcome === 'reset' || outcome === 'closed' ? true : null),
  },
  limit_data: {
    waitMs: () => MARGIN_MS,
    shows: ({ outcome }, attributes, { bytes }) => {
      if (outcome === 'closed' || outcome === 'reset') return true;
      return outcome === 'answered' && bytes > numberIn(attributes, 'bytes') ? false : null;
    },
  },
};

/** How long a canary is to wait for an answer while these toxics are in force, in milliseconds. */
export function waitFor(toxics: readonly ToxicSpec[], healthy: HealthyCanaries): number {
  const extraMs = toxics.map(({ type, attributes }) => signOf(type)?.waitMs(attributes, healthy) ?? MARGIN_MS);
  return Math.min(LONGEST_WAIT_MS, 2 * healthy.slowestMs + Math.max(MARGIN_MS, ...extraMs));
}

/** Whether what a canary met shows any of these toxics. Null where that cannot be told: of toxics without a sign, or of none. */
export function showsBite(toxics: readonly ToxicSpec[], sample: CanarySample, healthy: HealthyCanaries | null): boolean | null {
  if (healthy === null) return null;
  const said = toxics.map(({ type, attributes, toxicity = 1 }) => {
    const shown = signOf(type)?.shows(sample, attributes, healthy) ?? null;
    // A connection that a share spared says nothing of those that it hit.
    return shown === false && toxicity < 1 ? null : shown;
  });
  if (said.includes(true)) return true;
  return said.length === 0 || said.includes(null) ? null : false;
}

function signOf(type: string): Sign | undefined {
  return Object.hasOwn(signs, type) ? signs[type] : undefined;
}

/** What the canaries before a fault say together; null unless every one of them was answered. */
export function healthyOf(samples: readonly CanarySample[]): HealthyCanaries | null {
  if (samples.length === 0 || samples.some(({ outcome }) => outcome !== 'answered')) return null;
  const durations = samples.map(({ durationMs }) => durationMs);
  const slowestMs = Math.max(...durations);
  return { slowestMs, spreadMs: slowestMs - Math.min(...durations), bytes: Math.min(...samples.map(({ bytes }) => bytes)) };
}
