import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Sink } from '../model/sink.ts';
import type { RunClock } from './clock.ts';

const EVERY_MS = 500;
const LOOP_RESOLUTION_MS = 5;

/** Reports the harness's own health, and what the machine says of itself, until it is disposed. */
export function watchHealth({ clock, sink }: { readonly clock: RunClock; readonly sink: Sink }): Disposable {
  const delays = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  delays.enable();
  let cpu = process.cpuUsage();
  let machine = readMachine();
  let lastUs = clock.nowUs();
  const report = (): void => {
    const atUs = clock.nowUs();
    const used = process.cpuUsage(cpu);
    cpu = process.cpuUsage();
    // The histogram counts the timer's own period as delay.
    const loopDelayP99Ms = Math.max(0, delays.percentile(99) / 1e6 - LOOP_RESOLUTION_MS);
    delays.reset();
    const cpuRatio = (used.user + used.system) / Math.max(1, atUs - lastUs);
    lastUs = atUs;
    sink({ table: 'events', row: { kind: 'health', atUs, part: 'harness', loopDelayP99Ms, cpuRatio } });
    const before = machine;
    machine = readMachine();
    if (before !== null && machine !== null)
      sink({ table: 'events', row: { kind: 'machine', atUs, values: machineShares(before, machine) } });
  };
  const timer = setInterval(report, EVERY_MS);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      delays.disable();
    },
  };
}

interface MachineTimes {
  readonly busy: number;
  readonly steal: number;
  readonly all: number;
  readonly stalledUs: number;
}

/** Linux only; elsewhere the sentinel has to speak for itself. */
function readMachine(): MachineTimes | null {
  const times = readText('/proc/stat')?.split('\n', 1)[0]?.split(/\s+/).slice(1).map(Number);
  if (times === undefined) return null;
  const all = times.slice(0, 8).reduce((sum, value) => sum + value, 0);
  const stalled = /some .*total=(\d+)/.exec(readText('/proc/pressure/cpu') ?? '')?.[1];
  return { busy: all - (times[3] ?? 0) - (times[4] ?? 0), steal: times[7] ?? 0, all, stalledUs: Number(stalled ?? 0) };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

function machineShares(before: MachineTimes, after: MachineTimes): Readonly<Record<string, number>> {
  const all = Math.max(1, after.all - before.all);
  return {
    busyRatio: (after.busy - before.busy) / all,
    stealRatio: (after.steal - before.steal) / all,
    cpuPressureMs: (after.stalledUs - before.stalledUs) / 1000,
  };
}
