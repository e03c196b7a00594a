import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { DriverHealth } from './messages.ts';
import type { LoadSession } from './session.ts';

const EVERY_MS = 500;
/** The monitor's timer period, which it counts as delay, in milliseconds. */
const RESOLUTION_MS = 1;

/** Reports on this process twice a second, and once more when it is stopped. Returns the function that stops it. */
export function reportHealth(
  session: Pick<LoadSession, 'takeStartLags' | 'counts'>,
  nowUs: () => number,
  onHealth: (health: DriverHealth) => void,
): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let sinceUs = nowUs();
  let cpu = process.cpuUsage();
  const report = (): void => {
    const atUs = nowUs();
    const used = process.cpuUsage(cpu);
    const lags = session.takeStartLags().toSorted((left, right) => left - right);
    const { inFlight, sent } = session.counts();
    onHealth({
      atUs: Math.round(atUs),
      loopDelayP99Ms: delays.count === 0 ? 0 : Math.max(0, delays.percentile(99) / 1e6 - RESOLUTION_MS),
      cpuRatio: (used.user + used.system) / Math.max(1, atUs - sinceUs),
      detail: { startLagP50Ms: rankedMs(lags, 0.5), startLagP99Ms: rankedMs(lags, 0.99), inFlight, sent },
    });
    delays.reset();
    sinceUs = atUs;
    cpu = process.cpuUsage();
  };
  const timer = setInterval(report, EVERY_MS);
  return () => {
    clearInterval(timer);
    report();
    delays.disable();
  };
}

/** Nearest-rank quantile of sorted microseconds, in milliseconds; 0 where there are none. */
function rankedMs(sortedUs: readonly number[], quantile: number): number {
  return (sortedUs[Math.max(0, Math.ceil(quantile * sortedUs.length) - 1)] ?? 0) / 1000;
}
