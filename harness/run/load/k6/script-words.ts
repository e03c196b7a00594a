import type { ThresholdJudged } from '../../../model/event.ts';
import type { Plan } from '../../../model/plan.ts';
import { SCRIPT_EXCEPTIONS, SCRIPT_EXCEPTIONS_MAX } from '../../../model/script.ts';
import type { NewEvent } from '../../../model/sink.ts';
import { formatMs } from '../../../model/time.ts';
import type { End } from './protocol.ts';
import { dueTimesOf } from './script-arrivals.ts';
import type { InspectedScript } from './script-inspect.ts';
import type { IterationCount } from './script-iterations.ts';
import type { CallLedger } from './script-ledger.ts';
import type { ThresholdWatch } from './thresholds.ts';

/** An end that much before the timeline's is none, in microseconds: clocks and timers are that coarse. */
const EARLY_US = 100_000;

type Judged = Omit<NewEvent<ThresholdJudged>, 'atUs'>;

interface ThresholdQuestion {
  readonly thresholds: ThresholdWatch;
  readonly plan: Pick<Plan, 'phases'>;
  readonly beganUs: number;
  readonly endedUs: number;
  /** What k6 itself found crossed; null where it did not say, or saw only a part. */
  readonly crossed: NonNullable<End['crossed']> | null;
}

/** Each threshold over the whole run, and in each phase that is judged. */
export function thresholdEvents({ thresholds, plan, beganUs, endedUs, crossed }: ThresholdQuestion): readonly Judged[] {
  const ranUs = endedUs - beganUs;
  const phases = plan.phases.filter(({ name, fromUs }) => name !== 'warmup' && fromUs < ranUs);
  const stretches = [
    { name: 'run' as const, seconds: ranUs / 1e6 },
    ...phases.map(({ name, fromUs, toUs }) => ({ name, seconds: (Math.min(toUs, ranUs) - fromUs) / 1e6 })),
  ];
  return thresholds.judge(stretches).map((one): Judged => {
    if (one.phase !== 'run' || crossed === null) return { kind: 'threshold', judgedBy: 'halfopen', ...one };
    const isMet = crossed[one.metric]?.includes(one.condition) !== true;
    // Without samples k6 calls a threshold met.
    return { kind: 'threshold', judgedBy: 'k6', ...one, isMet: one.isMet === null ? null : isMet };
  });
}

/** Halfopen's own threshold on a script: how many iterations threw by themselves. */
export function exceptionEvents(iterations: readonly IterationCount[]): readonly Judged[] {
  return iterations
    .filter(({ phase }) => phase !== 'warmup')
    .map(({ phase, ended, threwUnprovoked }): Judged => {
      const value = threwUnprovoked / ended;
      const isMet = value <= SCRIPT_EXCEPTIONS_MAX;
      const condition = `rate<=${SCRIPT_EXCEPTIONS_MAX}`;
      return { kind: 'threshold', metric: SCRIPT_EXCEPTIONS, condition, phase, judgedBy: 'halfopen', isMet, value, samples: ended };
    });
}

interface Shortcomings {
  readonly script: InspectedScript;
  readonly ledger: Pick<CallLedger, 'iterations' | 'unstarted'>;
  /** Metrics of which more samples came than are kept. */
  readonly cutShort: readonly string[];
  /** How much before the timeline the script ended by itself. */
  readonly earlyUs: number;
}

/** What the evidence of this load lacks, in sentences. */
export function shortcomingsOf({ script, ledger, cutShort, earlyUs }: Shortcomings): readonly string[] {
  const closed = Object.entries(script.scenarios).filter(([, scenario]) => dueTimesOf(scenario) === null);
  return [
    ...closed.map(
      ([name, { executor }]) =>
        `scenario ${name} (${executor}) is a closed model: it sends nothing while it waits, so its latencies hide the wait of those who would have come`,
    ),
    ...(earlyUs > EARLY_US ? [`the script ended ${formatMs(earlyUs / 1000)} before the timeline did${abortWords(script)}`] : []),
    ...ledger
      .iterations()
      .filter(({ threw }) => threw > 0)
      .map(
        ({ phase, threw, ended, threwUnprovoked, example }) =>
          `${threw} of ${ended} iterations that began in phase ${phase} threw, ${threwUnprovoked} of them although no call of theirs had failed: ${firstLine(example)}`,
      ),
    ...[...ledger.unstarted()].map(([name, count]) => `${count} iterations of scenario ${name} were never started`),
    ...cutShort.map((metric) => `more samples of ${metric} came than are kept: thresholds on it are judged by the first of each phase`),
  ];
}

function abortWords({ aborting }: InspectedScript): string {
  return aborting.length === 0 ? '' : `; it has thresholds that abort it (${aborting.join('; ')})`;
}

function firstLine(text: string | null): string {
  return (text ?? '').split('\n', 1)[0] ?? '';
}
