import type { HealthReported } from '../../../model/event.ts';
import type { NewEvent } from '../../../model/sink.ts';
import type { K6Health } from './protocol.ts';

/** What is known of the calls beside what k6 says of itself. */
interface Calls {
  /** How late calls were begun since the last time it was asked, in microseconds. */
  takeStartLags(): readonly number[];
  counts(): { readonly inFlight: number; readonly sent: number };
}

/** Makes a report of each of k6's own: what happened since the last one. */
export function healthReader(calls: Calls, runUs: (at: number) => number): (health: K6Health) => NewEvent<HealthReported> {
  let last: K6Health | null = null;
  return (health) => {
    const { at, cpuUs, rss, goroutines, queued, vus, vusMax } = health;
    const lags = calls.takeStartLags().toSorted((left, right) => left - right);
    const { inFlight, sent } = calls.counts();
    const cpuRatio = last === null ? 0 : Math.max(0, cpuUs - last.cpuUs) / Math.max(1, at - last.at);
    last = health;
    return {
      kind: 'health',
      part: 'driver',
      atUs: runUs(at),
      // Go has no event loop; what k6 is late by shows in the start lag, which has a guard of its own.
      loopDelayP99Ms: 0,
      cpuRatio,
      detail: {
        startLagP50Ms: rankedMs(lags, 0.5),
        startLagP99Ms: rankedMs(lags, 0.99),
        inFlight,
        sent,
        vus,
        vusMax,
        queuedLines: queued,
        goroutines,
        rssBytes: rss,
      },
    };
  };
}

/** Nearest-rank quantile of sorted microseconds, in milliseconds; 0 where there are none. */
function rankedMs(sortedUs: readonly number[], quantile: number): number {
  return (sortedUs[Math.max(0, Math.ceil(quantile * sortedUs.length) - 1)] ?? 0) / 1000;
}
