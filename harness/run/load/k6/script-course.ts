import type { DriverTold } from '../../../model/event.ts';
import { HarnessError } from '../../../model/problem.ts';
import type { LoadContext, RunningLoad } from '../contract.ts';
import type { Totals } from '../messages.ts';
import { describeExit, exitProblem, type K6Exit } from './exit.ts';
import type { FromK6 } from './protocol.ts';
import { placeOf } from './in-container.ts';
import { openHearing, type HearingOptions } from './script-hearing.ts';
import type { InspectedScript } from './script-inspect.ts';
import type { Source } from './script-iterations.ts';
import type { ScriptProcess } from './script-process.ts';

const TICK_MS = 100;
/** k6's exit code where `teardown` took too long; the load was over by then. */
const TEARDOWN_LATE = 101;

/** The run of a user's script, from the first record to the last row, over all of its processes. */
export interface ScriptCourse extends Required<Omit<RunningLoad, typeof Symbol.asyncDispose>>, Disposable {
  onRecords(from: Source, records: readonly FromK6[]): void;
  /** Takes the started processes and makes them ready: virtual users made, `setup` run. */
  follow(processes: readonly ScriptProcess[]): Promise<void>;
}

type Tell = (instance: string, what: DriverTold['what'], detail: string) => void;

export function openScriptCourse(options: HearingOptions): ScriptCourse {
  const { context, script } = options;
  const { clock, plan } = context;
  const hearing = openHearing(options);
  const ended = Promise.withResolvers<Totals>();
  // Whoever waits for it sees the rejection; nobody has to.
  ended.promise.catch(() => undefined);
  let processes: readonly ScriptProcess[] = [];
  const gone = new Set<string>();
  let stoppedUs: number | null = null;
  let timer: NodeJS.Timeout | undefined;

  const instances = (): readonly string[] => processes.map(({ instance }) => instance);
  const tell = tellerOf(context);
  const stop = (): void => {
    stoppedUs ??= clock.nowUs();
    for (const { k6 } of processes) k6.stop();
  };
  const fail = (error: unknown): void => {
    clearInterval(timer);
    ended.reject(error);
    stop();
  };
  const finish = (ends: readonly ProcessEnd[]): void => {
    clearInterval(timer);
    const problem = ends.flatMap((end) => end.problem ?? [])[0];
    if (problem !== undefined) return fail(problem);
    const totals = hearing.close({ stoppedUs, endedUs: Math.max(...ends.map(({ atUs }) => atUs)), instances: instances() });
    if (totals === null) return fail(new HarnessError('The script ended before the load began'));
    ended.resolve(totals);
  };
  const watchEnd = async ({ k6, instance }: ScriptProcess): Promise<ProcessEnd> => {
    const exit = await k6.exited;
    const atUs = clock.nowUs();
    gone.add(instance);
    tell(instance, 'exit', describeExit(exit));
    const problem = problemOf(exit, instance);
    // One that fails takes the others along.
    if (problem !== null) stop();
    return { atUs, problem };
  };
  return {
    ended: ended.promise,
    stop,
    onRecords(from, records) {
      try {
        for (const record of records) hearing.take(from, record);
      } catch (error) {
        fail(error);
      }
    },
    async follow(started) {
      processes = started;
      for (const process of started) tellMakings(tell, process, options);
      Promise.all(started.map(watchEnd)).then(finish).catch(fail);
      await makeReady(started, script, context.signal);
    },
    begin(atUs) {
      hearing.begin(atUs);
      const givenUpUs = atUs + (plan.phases.at(-1)?.toUs ?? 0) + plan.limits.drainMs * 1000;
      timer = setInterval(() => {
        const running = instances().filter((instance) => !gone.has(instance));
        if (running.length > 0 && (hearing.settle(running) || clock.nowUs() > givenUpUs)) stop();
      }, TICK_MS);
      const released = clock.until(atUs, context.signal).then(() => Promise.all(processes.map((process) => process.release())));
      released.catch((error: unknown) => (context.signal.aborted || stoppedUs !== null ? stop() : fail(error)));
    },
    notice(event) {
      if (event.kind === 'phase') for (const { k6 } of processes) k6.send({ c: 'phase', name: event.phase });
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

function tellerOf({ clock, onEvent }: LoadContext): Tell {
  return (instance, what, detail) => onEvent({ kind: 'driver', atUs: clock.nowUs(), driver: 'k6', instance, what, detail });
}

function scriptOf({ context: { plan }, load: { file } }: HearingOptions): string {
  return `${file}, sha256 ${plan.files.find(({ path }) => path === file)?.sha256 ?? 'unknown'}`;
}

interface ProcessEnd {
  readonly atUs: number;
  readonly problem: Error | null;
}

function problemOf(exit: K6Exit, instance: string): Error | null {
  return exit.code === TEARDOWN_LATE ? null : exitProblem(exit, instance, 'user');
}

function tellMakings(tell: Tell, { instance, k6: { hello } }: ScriptProcess, options: HearingOptions): void {
  tell(instance, 'program', `k6 ${hello.k6}, ${hello.go}${placeOf(options.context)}`);
  tell(instance, 'extension', `halfopen ${hello.extension}, protocol ${hello.protocol}`);
  tell(instance, 'script', scriptOf(options));
}

/** Virtual users made, and `setup` run once, so that its calls are no arrivals and its time is not the load's. */
async function makeReady(processes: readonly ScriptProcess[], script: InspectedScript, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  const within = AbortSignal.any([signal, gone.signal]);
  const report = (error: unknown): void => gone.abort(error);
  for (const { k6, instance } of processes) {
    const early = (exit: K6Exit): Error =>
      exitProblem(exit, instance, 'user') ?? new HarnessError(k6.quote(`${instance} ended before the load began`));
    k6.exited.then((exit) => report(early(exit)), report);
  }
  await Promise.all(processes.map((process) => process.untilPaused(within)));
  const [first, ...others] = processes;
  if (script.isSetupOff || first === undefined) return;
  const data = await first.setUp(within);
  await Promise.all(others.map((process) => process.takeSetupData(data)));
}
