import { clockShiftUs, type ClockSample } from '../../model/clock.ts';
import type { SinkRecord } from '../../model/sink.ts';
import type { TapRecord } from '../proxy/contract.ts';
import type { UpContext } from './contract.ts';

/** How a proxy's clock is mapped to the run's. */
export interface ProxyClock {
  /** Run start on this machine's monotonic clock, in microseconds. */
  readonly originUs: number;
  /** The proxy's clock ahead of this machine's, as it was sampled; null where both are known to be one. */
  readonly sample: ClockSample | null;
}

/** Where what a proxy sees goes. */
export interface TapInto {
  onTap(records: readonly TapRecord[]): void;
  onLost(count: number): void;
  onHealth(health: { readonly atUs: number; readonly loopDelayP99Ms: number; readonly cpuRatio: number }): void;
  /** Maps all times by this sample, and records it. */
  mapBy(sample: ClockSample): void;
}

/**
 * Brings what a proxy sees into the recording. The proxy stamps its records on its clock; the recording counts from run start. A proxy on a
 * clock of its own (`awaitsSample`) has its records wait until that clock was sampled.
 */
export function tapInto(
  { sink, clock, plan }: Pick<UpContext, 'sink' | 'clock' | 'plan'>,
  { awaitsSample = false }: { readonly awaitsSample?: boolean } = {},
): TapInto {
  let proxyClock: ProxyClock = { originUs: clock.originUs, sample: null };
  let waiting: (() => void)[] | null = awaitsSample ? [] : null;
  const whenMapped = (bring: () => void): void => {
    if (waiting === null) bring();
    else waiting.push(bring);
  };
  return {
    onTap: (records) => whenMapped(() => tapRows(records, proxyClock).forEach(sink)),
    onLost(count) {
      sink({ table: 'events', row: { kind: 'lost', atUs: clock.nowUs(), what: 'exchanges', count, limit: plan.limits.exchanges } });
    },
    onHealth: ({ atUs, loopDelayP99Ms, cpuRatio }) =>
      whenMapped(() =>
        sink({ table: 'events', row: { kind: 'health', atUs: toRunUs(atUs, proxyClock), part: 'proxy', loopDelayP99Ms, cpuRatio } }),
      ),
    mapBy(sample) {
      proxyClock = { ...proxyClock, sample };
      sink({ table: 'events', row: { kind: 'clock', atUs: clock.nowUs(), source: 'proxy', ...sample } });
      const due = waiting ?? [];
      waiting = null;
      for (const bring of due) bring();
    },
  };
}

/** The rows of these records on the run's clock. What ended before the run began belongs to an earlier use of the proxy, and to no row. */
export function tapRows(records: readonly TapRecord[], clock: ProxyClock): readonly SinkRecord[] {
  return records.flatMap((record) => {
    const { startedUs, firstByteUs, endedUs } = record;
    const row = {
      ...record,
      startedUs: toRunUs(startedUs, clock),
      firstByteUs: firstByteUs === null ? null : toRunUs(firstByteUs, clock),
      endedUs: toRunUs(endedUs, clock),
    };
    return row.endedUs < 0 ? [] : [{ table: 'exchanges', row } as const];
  });
}

function toRunUs(atUs: number, { originUs, sample }: ProxyClock): number {
  return atUs - originUs - (sample === null ? 0 : clockShiftUs(sample));
}
