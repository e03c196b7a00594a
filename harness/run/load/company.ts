import { UsageError } from '../../model/problem.ts';
import type { Plan } from '../../model/plan.ts';
import type { LoadCheck, LoadContext, LoadDriver, RunningLoad } from './contract.ts';
import { startedTogether } from './together.ts';

type Drivers = Readonly<Record<string, LoadDriver>>;

/** One driver with what is its own of a run. */
interface Part {
  readonly driver: LoadDriver;
  readonly ordinals: Uint32Array;
  readonly asksSentinel: boolean;
}

/**
 * Who sends what: the plan's driver the requests, a browser the journeys, and always the same program asks the sentinel, so that the
 * machine is measured alike whatever sends the load.
 */
export function partsOf({ driver: name, load, schedule }: Plan, drivers: Drivers): readonly Part[] {
  const sentinelDriver = demand('builtin', drivers);
  const driver = demand(name, drivers);
  const isJourney = (ordinal: number): boolean => (schedule.request[ordinal] ?? 0) >= load.requests.length;
  const all = Uint32Array.from(schedule.request.keys());
  const hasJourneys = load.kind === 'open' && (load.journeys ?? []).length > 0;
  const browser = hasJourneys ? demand('playwright', drivers) : driver;
  const own = browser === driver ? all : all.filter((ordinal) => !isJourney(ordinal));
  return [
    { driver, ordinals: own, asksSentinel: driver === sentinelDriver },
    ...(browser === driver ? [] : [{ driver: browser, ordinals: all.filter(isJourney), asksSentinel: false }]),
    ...(driver === sentinelDriver ? [] : [{ driver: sentinelDriver, ordinals: new Uint32Array(), asksSentinel: true }]),
  ];
}

/** @throws {UsageError} of the first driver that cannot run here */
export async function checkLoad(plan: Plan, drivers: Drivers, context: Omit<LoadCheck, 'plan'>): Promise<void> {
  for (const { driver } of partsOf(plan, drivers)) await driver.check?.({ plan, ...context });
}

/** Starts every driver that takes part, and makes one of them. */
export function startLoad(drivers: Drivers, context: Omit<LoadContext, 'ordinals' | 'asksSentinel'>): Promise<RunningLoad> {
  return startedTogether(partsOf(context.plan, drivers).map(async ({ driver, ...part }) => driver.start({ ...context, ...part })));
}

function demand(name: string, drivers: Drivers): LoadDriver {
  const driver = Object.hasOwn(drivers, name) ? drivers[name] : undefined;
  if (driver !== undefined) return driver;
  throw new UsageError(`Cannot send the load as 'driver' must be one of ${Object.keys(drivers).join(', ')}: current value is ${name}`);
}
