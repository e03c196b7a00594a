import { HarnessError } from '../../../model/problem.ts';
import type { LoadContext } from '../contract.ts';
import type { Totals } from '../messages.ts';
import type { Arrivals } from './arrivals.ts';
import { describeExit, exitProblem, type K6Exit } from './exit.ts';
import { healthReader } from './health.ts';
import type { K6Process } from './process.ts';
import type { End, FromK6 } from './protocol.ts';

/** From the last answer to k6's own end, in milliseconds. */
const END_WITHIN_MS = 5000;

export interface CourseRequest {
  readonly context: LoadContext;
  readonly arrivals: Arrivals;
  readonly instance: string;
  readonly runUs: (at: number) => number;
  onWaiting(vus: number): void;
}

/** From the first record to the last row. */
export interface Course {
  onRecords(records: readonly FromK6[]): void;
  follow(k6: K6Process): void;
  readonly stop: () => void;
  readonly ended: Promise<Totals>;
}

/** Makes rows and events of what one k6 process says, and of its end. */
export function openCourse({ context, arrivals, instance, runUs, onWaiting }: CourseRequest): Course {
  const { clock, plan } = context;
  const ended = Promise.withResolvers<Totals>();
  // Whoever waits for it sees the rejection; nobody has to.
  ended.promise.catch(() => undefined);
  const readHealth = healthReader(arrivals, runUs);
  let k6: K6Process | undefined;
  let stoppedUs: number | null = null;
  let end: End | null = null;
  let timer: NodeJS.Timeout | undefined;
  let stage: 'sending' | 'draining' | 'ending' = 'sending';

  const stop = (): void => {
    stoppedUs ??= clock.nowUs();
    k6?.stop();
  };
  const fail = (error: unknown): void => {
    ended.reject(error);
    k6?.stop();
  };
  const advance = (): void => {
    const { ahead, inFlight } = arrivals.counts();
    const next = ahead > 0 ? 'sending' : inFlight > 0 ? 'draining' : 'ending';
    if (next === stage) return;
    stage = next;
    clearTimeout(timer);
    timer = setTimeout(stop, next === 'draining' ? plan.limits.drainMs : END_WITHIN_MS);
  };
  const take = (record: FromK6): void => {
    if (record.t === 'waiting') onWaiting(record.vus);
    else if (record.t === 'health') context.onHealth(readHealth(record));
    else if (record.t === 'end') end = record;
    else arrivals.take(record);
  };
  const finish = (exit: K6Exit): void => {
    clearTimeout(timer);
    context.onEvent({ kind: 'driver', atUs: clock.nowUs(), driver: 'k6', instance, what: 'exit', detail: describeExit(exit) });
    const problem = problemOf(exit, end, arrivals, instance);
    if (problem !== null) return fail(problem);
    arrivals.settle(stoppedUs ?? clock.nowUs());
    context.onRequests(arrivals.takeRows());
    const { scheduled, sent } = arrivals.counts();
    ended.resolve({ scheduled, sent });
  };
  return {
    ended: ended.promise,
    stop,
    onRecords(records) {
      try {
        for (const record of records) take(record);
      } catch (error) {
        fail(error);
      }
      const rows = arrivals.takeRows();
      if (rows.length > 0) context.onRequests(rows);
      advance();
    },
    follow(followed) {
      k6 = followed;
      followed.exited.then(finish, fail);
    },
  };
}

/**
 * What is wrong with an end. Rows rest on k6's records being whole: where they are not, nothing that is counted from them holds, so that is
 * an error of the harness and no mere loss.
 */
function problemOf(exit: K6Exit, end: End | null, arrivals: Arrivals, instance: string): Error | null {
  const early = exitProblem(exit, instance, 'harness');
  if (early !== null) return early;
  const contradiction = end === null ? null : arrivals.contradiction(end);
  if (contradiction !== null) return new HarnessError(`Records of ${instance} were lost: ${contradiction}`);
  if (exit.isStopped) return null;
  if (end === null) return new HarnessError(`Records of ${instance} were lost: it ended without its last one`);
  const { ahead, inFlight } = arrivals.counts();
  if (ahead + inFlight === 0) return null;
  return new HarnessError(`Records of ${instance} were lost: of ${ahead} arrivals it told nothing, of ${inFlight} calls no end`);
}
