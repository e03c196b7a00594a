import { dirname, resolve } from 'node:path';
import type { ScriptLoad } from '../../../model/load.ts';
import type { LoadCheck, LoadContext, RunningLoad } from '../contract.ts';
import { openScriptCourse } from './script-course.ts';
import { inspectScript, type Inspection } from './script-inspect.ts';
import { startScriptProcess } from './script-process.ts';

/** Stands for the entry service while it is not there yet. */
const NO_ENTRY = 'http://127.0.0.1:9';

/**
 * Finds out whether k6 can load the user's script.
 *
 * @throws {UsageError} if it cannot
 */
export async function checkScript({ plan, projectFolder, signal }: LoadCheck, executable: string, loadedWithinMs?: number): Promise<void> {
  if (plan.load.kind !== 'k6-script') return;
  const limit = loadedWithinMs === undefined ? {} : { loadedWithinMs };
  await inspectScript({ ...inspectionOf(plan.load, projectFolder, NO_ENTRY), ...limit, executable, signal });
}

/**
 * Starts k6 with the user's script, as many processes as the configuration says; resolves when its virtual users are there and its `setup`
 * has run.
 *
 * @throws {UsageError} if the script does not load, or its `setup` throws or takes too long
 * @throws {HarnessError} if k6 does not start
 */
export async function startScript(context: LoadContext, load: ScriptLoad, executable: string): Promise<RunningLoad> {
  const { host, port } = context.inside?.entry ?? context.entry;
  const inspection = inspectionOf(load, context.projectFolder, `http://${host}:${port}`);
  const script = await inspectScript({ ...inspection, executable, signal: context.signal });
  await using stack = new AsyncDisposableStack();
  const course = stack.use(openScriptCourse({ context, load, script }));
  const processes = context.plan.k6.instances ?? 1;
  const starts = Array.from({ length: processes }, async (_, index) =>
    startScriptProcess({ context, load, script, executable, inspection, index, processes, course }),
  );
  const started = await Promise.allSettled(starts);
  for (const result of started) if (result.status === 'fulfilled') stack.use(result.value);
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  await course.follow(started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
  const kept = stack.move();
  return {
    begin: course.begin,
    ended: course.ended,
    stop: course.stop,
    notice: course.notice,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function inspectionOf(load: ScriptLoad, projectFolder: string, entry: string): Omit<Inspection, 'executable' | 'signal'> {
  const scriptPath = resolve(projectFolder, load.file);
  const env = Object.fromEntries(Object.entries(load.env).map(([name, value]) => [name, value.replaceAll('{entry}', entry)]));
  return { scriptPath, folder: dirname(scriptPath), env };
}
