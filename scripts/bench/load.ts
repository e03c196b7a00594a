import { tmpdir } from 'node:os';
import type { Plan } from '../../harness/model/plan.ts';
import type { RequestRow } from '../../harness/model/recording.ts';
import { SENTINEL } from '../../harness/model/load.ts';
import { get } from '../../harness/index.ts';
import { startClock } from '../../harness/run/clock.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import { startChild, type Child } from './child.ts';
import { planOfLoad } from './load-plan.ts';
import type { RivalJob } from './load-rival.ts';
import { ratio, table } from './markdown.ts';
import { quantileOf, summarised } from './measure.ts';
import type { BenchOptions, BenchPart } from './part.ts';

const RATES = [200, 1000, 3000] as const;
/** Between telling the driver when to begin and that moment, in microseconds. */
const LEAD_US = 100_000;

interface Address {
  readonly host: string;
  readonly port: number;
}

interface Lags {
  readonly p50Us: number;
  readonly p99Us: number;
}

export const loadBench: BenchPart = { name: 'load', title: 'Load driver: start lag', run };

async function run({ isQuick, signal, say }: BenchOptions): Promise<string> {
  const [rounds, lengthMs] = isQuick ? [1, 1500] : [3, 5000];
  await using server = startChild<'address', Address>('./load-server.ts');
  const address = await server.ask('address');
  const rows: string[][] = [];
  for (const rate of RATES) {
    const plan = planOfLoad({ ratePerSecond: rate, lengthMs, request: get('ping', '/ping/{seq}') });
    const own: Lags[] = [];
    const rival: Lags[] = [];
    let achieved = 0;
    for (let round = 0; round < rounds; round++) {
      const offer = async (): Promise<void> => {
        const result = await offerOwn(plan, address, signal);
        own.push(result.lags);
        achieved = result.sentPerSecond;
      };
      const offerOther = async (): Promise<void> => void rival.push(await offerRival(plan, address));
      for (const turn of round % 2 === 0 ? [offer, offerOther] : [offerOther, offer]) await turn();
    }
    const median = (lags: readonly Lags[], key: keyof Lags): number =>
      summarised(
        key,
        lags.map((entry) => entry[key]),
      ).median;
    const [p50, p99] = [median(own, 'p50Us'), median(own, 'p99Us')];
    const [rivalP50, rivalP99] = [median(rival, 'p50Us'), median(rival, 'p99Us')];
    rows.push([
      `${rate}/s`,
      ms(p50),
      ms(p99),
      ms(rivalP50),
      ms(rivalP99),
      ratio(p50, rivalP50),
      ratio(p99, rivalP99),
      `${Math.round(achieved)}/s`,
    ]);
    say(`${rate}/s: p50 ${ms(p50)}, p99 ${ms(p99)}; naive driver p50 ${ms(rivalP50)}, p99 ${ms(rivalP99)}`);
  }
  return [
    table(['rate', 'start lag p50', 'p99', 'naive p50', 'naive p99', 'p50 ÷ naive', 'p99 ÷ naive', 'offered'], rows),
    '',
    `How much later than planned a request was sent, over ${lengthMs / 1000} s and ${rounds} round${rounds === 1 ? '' : 's'} a rate, against a server in its own process`,
    'on the same machine. Naive: one `setTimeout` an arrival and `node:http` with a keep-alive agent. Goal: p99 ≤ 5 ms at 1,000/s on two cores.',
  ].join('\n');
}

async function offerOwn(
  plan: Plan,
  address: Address,
  signal: AbortSignal,
): Promise<{ readonly lags: Lags; readonly sentPerSecond: number }> {
  const clock = startClock();
  const rows: RequestRow[] = [];
  await using load = await loadDrivers.builtin.start({
    plan,
    ordinals: Uint32Array.from(plan.schedule.request.keys()),
    asksSentinel: true,
    runFolder: tmpdir(),
    ledger: { note: () => undefined, strike: () => undefined },
    projectFolder: process.cwd(),
    redact: (text) => text,
    onEvent: () => undefined,
    entry: address,
    sentinel: address,
    clock,
    runId: 'bench',
    signal,
    onRequests: (batch) => rows.push(...batch),
    onHealth: () => undefined,
  });
  load.begin(clock.nowUs() + LEAD_US);
  const { sent } = await load.ended;
  const failed = rows.filter(({ outcome }) => outcome !== 'ok').length;
  if (failed > rows.length / 100)
    throw new Error(`Cannot measure start lag as the server must answer: ${failed} of ${rows.length} requests failed`);
  const lagsUs = rows.flatMap(({ name, startedUs, intendedUs }) =>
    name === SENTINEL || startedUs === null ? [] : [startedUs - intendedUs],
  );
  const lengthUs = plan.phases.at(-1)?.toUs ?? 1;
  return { lags: lagsOf(lagsUs), sentPerSecond: (sent / lengthUs) * 1e6 };
}

async function offerRival(plan: Plan, address: Address): Promise<Lags> {
  await using rival: Child<RivalJob, Float64Array> = startChild('./load-rival.ts');
  // As the builtin driver warms up: a few hundred requests before the first one counts.
  await rival.ask({ ...address, intendedUs: Float64Array.from({ length: 400 }, (_, index) => index * 1000) });
  return lagsOf([...(await rival.ask({ ...address, intendedUs: Float64Array.from(plan.schedule.intendedUs) }))]);
}

function lagsOf(lagsUs: readonly number[]): Lags {
  return { p50Us: quantileOf(lagsUs, 0.5), p99Us: quantileOf(lagsUs, 0.99) };
}

function ms(lengthUs: number): string {
  return `${(lengthUs / 1000).toFixed(2)} ms`;
}
