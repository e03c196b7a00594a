import { LIMITS } from '../model/limits.ts';
import type { PlannedFault } from '../model/plan.ts';
import { HarnessError } from '../model/problem.ts';
import type { FaultStep } from '../model/event.ts';
import type { Sink } from '../model/sink.ts';
import { CANARY_LEAD_US, canariesFor, type Canaries } from './canary.ts';
import type { RunClock } from './clock.ts';
import type { Address } from './environments/contract.ts';
import type { FaultContext, FaultDriver } from './faults/contract.ts';
import { FrozenProxyError } from './proxy/frozen-proxy.ts';
import { undoWithin } from './teardown.ts';

export interface Injection {
  readonly planned: PlannedFault;
  readonly driver: FaultDriver;
  readonly context: Omit<FaultContext, 'name' | 'signal'>;
  readonly clock: RunClock;
  readonly sink: Sink;
  /** The load's start, in microseconds since run start. */
  readonly loadStartUs: number;
  readonly signal: AbortSignal;
  /** Edge → where this machine reaches its proxy: where canaries go. @default none can */
  readonly edges?: Readonly<Record<string, Address>>;
}

/**
 * Takes one fault through all its windows. Its withdrawal is queued before it is injected, has its own deadline, and
 * happens whether the window ends, the run is aborted or the injection fails.
 */
export async function injectThroughWindows(injection: Injection): Promise<void> {
  const { planned, clock, context, loadStartUs, signal, edges = {} } = injection;
  for (const [occurrence, window] of planned.windows.entries()) {
    const fromUs = loadStartUs + window.fromUs;
    const nextUs = planned.windows[occurrence + 1]?.fromUs ?? Infinity;
    const canaries = canariesFor({ ...injection, occurrence, system: context.system, edges });
    await clock.until(fromUs - CANARY_LEAD_US, signal);
    await canaries.before(fromUs, signal);
    await clock.until(fromUs, signal);
    await injectOnce(injection, { occurrence, untilUs: loadStartUs + window.toUs, canaries });
    await canaries.after(loadStartUs + Math.min(nextUs, window.toUs + CANARY_LEAD_US), signal);
  }
}

async function injectOnce(
  { planned, driver, context, clock, sink, signal }: Injection,
  { occurrence, untilUs, canaries }: { readonly occurrence: number; readonly untilUs: number; readonly canaries: Canaries },
): Promise<void> {
  const say = (step: FaultStep['step'], more: { readonly touched?: number; readonly reason?: string } = {}): void =>
    sink({ table: 'events', row: { kind: 'fault', atUs: clock.nowUs(), fault: planned.name, occurrence, step, ...more } });
  const withContext = (aborter: AbortSignal): FaultContext => ({ ...context, name: planned.name, signal: aborter });
  const touched = async (): Promise<number> =>
    planned.reach.bite === 'tap' ? context.proxy.touched(planned.name, AbortSignal.timeout(LIMITS.withdrawMs)) : 0;

  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    say('withdraw-requested');
    try {
      await undoWithin(`withdraw the fault '${planned.name}'`, LIMITS.withdrawMs, (deadline) =>
        driver.withdraw(planned.fault, withContext(deadline)),
      );
    } catch (error) {
      say('failed', { reason: (error as Error).message });
      // It is replaced, and its toxics are gone with it: the run is lost, and goes on to say so.
      if (error instanceof FrozenProxyError) return;
      throw error;
    }
    say('withdrawn', planned.reach.bite === 'tap' ? { touched: await touched() } : {});
  });
  say('requested');
  try {
    await driver.inject(planned.fault, { ...withContext(signal), proxy: canaries.watching(context.proxy) });
  } catch (cause) {
    signal.throwIfAborted();
    say('failed', { reason: (cause as Error).message });
    if (cause instanceof FrozenProxyError) return;
    throw new HarnessError(`Cannot inject the fault '${planned.name}': ${(cause as Error).message}`, { cause });
  }
  say('acknowledged');
  await canaries.during(untilUs, signal);
  await clock.until(untilUs, signal);
}
