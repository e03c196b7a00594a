import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LIMITS } from '../../../model/limits.ts';
import type { ScriptLoad } from '../../../model/load.ts';
import type { LoadContext } from '../contract.ts';
import { shiftOf } from './clock-reading.ts';
import { startK6, type K6Invocation, type K6Process } from './process.ts';
import type { FromK6, Job } from './protocol.ts';
import { putSetupData, release, runSetup, untilPaused } from './script-api.ts';
import { originsOf, wantedBodies } from './script-calls.ts';
import { envFlags, type InspectedScript, type Inspection } from './script-inspect.ts';
import { wrapperOf } from './script-wrapper.ts';

/** One k6 process that runs a user's script, paused until it is released. */
export interface ScriptProcess extends AsyncDisposable {
  readonly instance: string;
  /** A moment on k6's clock as one of the run. */
  toRunUs(at: number): number;
  /** Resolves when its virtual users are there. */
  untilPaused(signal: AbortSignal): Promise<void>;
  /** The data of `setup`, as JSON. */
  setUp(signal: AbortSignal): Promise<string>;
  takeSetupData(data: string): Promise<void>;
  release(): Promise<void>;
  readonly k6: K6Process;
}

export interface ScriptProcessRequest {
  readonly context: LoadContext;
  readonly load: ScriptLoad;
  readonly script: InspectedScript;
  readonly executable: string;
  readonly inspection: Omit<Inspection, 'executable' | 'signal'>;
  readonly index: number;
  readonly processes: number;
  readonly course: { onRecords(from: Pick<ScriptProcess, 'instance' | 'toRunUs'>, records: readonly FromK6[]): void };
}

/** Starts one k6 with the script, which it has loaded when this resolves. */
export async function startScriptProcess(request: ScriptProcessRequest): Promise<ScriptProcess> {
  const { context, load, script, index, course } = request;
  await using stack = new AsyncDisposableStack();
  const instance = `k6-${index + 1}`;
  let shiftUs = 0;
  const toRunUs = (at: number): number => at - shiftUs - context.clock.originUs;
  const k6 = stack.use(
    await startK6({
      ...context,
      executable: request.executable,
      instance,
      ownsScript: 'user',
      prepare: (folder) => prepare(request, join(folder, 'wrapper.js')),
      onRecords: (records) => course.onRecords({ instance, toRunUs }, records),
    }),
  );
  const api = k6.api ?? '';
  k6.send(jobOf(context, load, script));
  const reading = await k6.readClock();
  shiftUs = shiftOf(reading);
  context.onEvent({ kind: 'clock', atUs: context.clock.nowUs(), source: instance, ...reading });
  const kept = stack.move();
  return {
    k6,
    instance,
    toRunUs,
    untilPaused: (signal) => untilPaused(api, signal),
    setUp: (signal) => runSetup(api, script.setupTimeoutMs, signal),
    takeSetupData: (data) => putSetupData(api, data),
    release: () => release(api),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function prepare(
  { context, script, inspection, index, processes }: ScriptProcessRequest,
  wrapperPath: string,
): Promise<K6Invocation> {
  const executed = [...new Set(Object.values(script.scenarios).map(({ exec }) => exec))];
  await writeFile(wrapperPath, wrapperOf(inspection.scriptPath, executed));
  const args = [
    // Of two flags the last one counts: a user's handleSummary is to run.
    '--summary-mode=compact',
    '--paused',
    '--no-setup',
    ...(index > 0 ? ['--no-teardown'] : []),
    ...segmentFlags(index, processes),
    ...envFlags(inspection.env),
    // From its standard input: k6 counts paths of open() and of its modules from the working folder then, which is the script's.
    '-',
  ];
  return { args, env: {}, input: wrapperPath, workingFolder: inspection.folder, files: [context.projectFolder], hasApi: true };
}

/** The part of each executor that is this process's own. */
function segmentFlags(index: number, processes: number): readonly string[] {
  if (processes === 1) return [];
  const mark = (place: number): string => (place === 0 ? '0' : place === processes ? '1' : `${place}/${processes}`);
  const marks = Array.from({ length: processes + 1 }, (_, place) => mark(place));
  return ['--execution-segment', `${mark(index)}:${mark(index + 1)}`, '--execution-segment-sequence', marks.join(',')];
}

function jobOf({ inside, entry }: LoadContext, { requests }: ScriptLoad, { thresholds }: InspectedScript): Job {
  return {
    c: 'job',
    schedule: null,
    bodies: wantedBodies(requests),
    bodyBytes: LIMITS.bodyBytes,
    samples: Object.keys(thresholds).length > 0,
    traced: originsOf(inside?.entry ?? entry),
  };
}
