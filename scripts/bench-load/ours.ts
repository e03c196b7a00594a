import { get, type RequestTemplate } from '../../harness/index.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import { startClock } from '../../harness/run/clock.ts';
import type { LoadDriver } from '../../harness/run/load/contract.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import { planOfLoad } from '../bench/load-plan.ts';
import { spreadOf } from './lag.ts';
import type { OwnTurn, TurnJob } from './turn.ts';
import { watchUsage } from './usage.ts';

/** Between telling the driver when to begin and that moment, in microseconds. */
const LEAD_US = 200_000;
const PING: RequestTemplate<'ping'> = get('ping', '/ping/{seq}', { timeout: '1s', observe: { value: '/handledUs' } });

/** One of halfopen's own drivers. */
export interface OurDriver {
  readonly driver: string;
  readonly k6Executable?: string;
}

/** A turn of one of halfopen's own drivers: all of it that is in their rows. */
export async function turnOfOurs(
  { driver: kind, k6Executable }: OurDriver,
  { address, ratePerSecond, lengthMs, folder }: TurnJob,
): Promise<OwnTurn> {
  const plan = planOfLoad({
    ratePerSecond,
    lengthMs,
    request: PING,
    driver: kind,
    ...(k6Executable === undefined ? {} : { k6Executable }),
  });
  const clock = startClock();
  const rows: RequestRow[] = [];
  const usage = watchUsage();
  const driver: LoadDriver | undefined = Object.entries<LoadDriver>(loadDrivers).find(([name]) => name === kind)?.[1];
  if (driver === undefined)
    throw new Error(`Cannot bench as 'driver' must be one of ${Object.keys(loadDrivers).join(', ')}: current value is ${kind}`);
  await using load = await driver.start({
    plan,
    ordinals: Uint32Array.from(plan.schedule.request.keys()),
    asksSentinel: false,
    entry: address,
    // The builtin driver warms up on it.
    sentinel: address,
    clock,
    runId: `bench-${process.pid}`,
    runFolder: folder,
    ledger: { note: () => undefined, strike: () => undefined },
    projectFolder: process.cwd(),
    redact: (text) => text,
    signal: new AbortController().signal,
    onRequests: (batch) => rows.push(...batch),
    onHealth: () => undefined,
    onEvent: () => undefined,
  });
  usage.begin();
  load.begin(clock.nowUs() + LEAD_US);
  await load.ended;
  const used = usage.end();
  const answered = rows.filter(({ outcome }) => outcome === 'ok');
  return {
    ...used,
    okRatio: answered.length / Math.max(1, plan.schedule.intendedUs.length),
    ownLag: spreadOf(rows.flatMap(({ startedUs, intendedUs }) => (startedUs === null ? [] : [startedUs - intendedUs]))),
    excess: spreadOf(
      answered.flatMap(({ startedUs, endedUs, observed }) => {
        const handledUs = observed?.value;
        return startedUs === null || typeof handledUs !== 'number' ? [] : [endedUs - startedUs - handledUs];
      }),
    ),
  };
}
