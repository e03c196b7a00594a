import type { K6Scenario } from './protocol.ts';

/** When the arrival of that rank (from 0, drops included) is due, in microseconds since the executor's start. */
export type DueTimes = (rank: number) => number;

type Executor = Pick<K6Scenario, 'executor' | 'rate' | 'timeUnitMs' | 'stages'>;

/** The due times of an executor of k6 that has any; null for a closed model, in which an arrival waits for the answer before it. */
export function dueTimesOf({ executor, rate = 0, timeUnitMs = 1000, stages = [] }: Executor): DueTimes | null {
  const unitUs = timeUnitMs * 1000;
  if (executor === 'constant-arrival-rate' && rate > 0) return (rank) => Math.floor((rank * unitUs) / rate);
  if (executor === 'ramping-arrival-rate') return rampedTimes(rate / unitUs, rampsOf(stages, unitUs));
  return null;
}

interface Ramp {
  /** Arrivals a microsecond at its end. */
  readonly to: number;
  readonly forUs: number;
}

function rampsOf(stages: NonNullable<K6Scenario['stages']>, unitUs: number): readonly Ramp[] {
  return stages.map(({ target, durationMs }) => ({ to: target / unitUs, forUs: durationMs * 1000 }));
}

/** An arrival is due when the area under the rate has reached its number (k6, `executor/ramping_arrival_rate.go`). */
function rampedTimes(startRate: number, ramps: readonly Ramp[]): DueTimes {
  return (rank) => {
    const wanted = rank + 1;
    let from = startRate;
    let before = 0;
    let beganUs = 0;
    for (const { to, forUs } of ramps) {
      const area = (forUs * (from + to)) / 2;
      if (wanted <= before + area) return beganUs + timeWithin({ from, to, forUs, area: wanted - before });
      before += area;
      beganUs += forUs;
      from = to;
    }
    return beganUs;
  };
}

function timeWithin({ from, to, forUs, area }: { from: number; to: number; forUs: number; area: number }): number {
  if (from === to) return area / to;
  const root = Math.sqrt(Math.max(0, forUs * (from * from * forUs + 2 * area * (to - from))));
  return (from * forUs - root) / (from - to);
}
