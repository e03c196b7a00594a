import { LIMITS } from '../model/limits.ts';
import type { PlannedFault } from '../model/plan.ts';
import { HarnessError } from '../model/problem.ts';
import type { FaultStep } from '../model/event.ts';
import type { Sink } from '../model/sink.ts';
import type { RunClock } from './clock.ts';
import type { FaultContext, FaultDriver } from './faults/contract.ts';
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
}

/**
 * Takes one fault through all its windows. Its withdrawal is queued before it is injected, has its own deadline, and
 * happens whether the window ends, the run is aborted or the injection fails.
 */
export async function injectThroughWindows(injection: Injection): Promise<void> {
  for (const [occurrence, window] of injection.planned.windows.entries()) {
    await injection.clock.until(injection.loadStartUs + window.fromUs, injection.signal);
    await injectOnce(injection, occurrence, injection.loadStartUs + window.toUs);
  }
}

async function injectOnce(
  { planned, driver, context, clock, sink, signal }: Injection,
  occurrence: number,
  untilUs: number,
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
      throw error;
    }
    say('withdrawn', planned.reach.bite === 'tap' ? { touched: await touched() } : {});
  });
  say('requested');
  try {
    await driver.inject(planned.fault, withContext(signal));
  } catch (cause) {
    signal.throwIfAborted();
    say('failed', { reason: (cause as Error).message });
    throw new HarnessError(`Cannot inject the fault '${planned.name}': ${(cause as Error).message}`, { cause });
  }
  say('acknowledged');
  await clock.until(untilUs, signal);
}
