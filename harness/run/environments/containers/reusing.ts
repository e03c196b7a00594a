import { canonicalJson } from '../../../model/canonical.ts';
import type { EnvironmentDriver, RunningSystem, UpContext } from '../contract.ts';
import { openLogs } from '../run-logs.ts';
import type { ServiceLog } from '../service-log.ts';
import { resetToClean } from './clean-state.ts';
import type { Launched } from './launched.ts';
import type { ContainerParts } from './parts.ts';
import { serveRun } from './system.ts';

/** How an environment with containers brings a system up, and whether the next run may use it again. */
export interface ContainerLauncher {
  launch(context: UpContext, logs: ReadonlyMap<string, ServiceLog>, parts: ContainerParts): Promise<Launched>;
  isReusing(context: UpContext): boolean;
}

/** Containers that wait for the suite's next run. */
interface Kept {
  readonly key: string;
  readonly launched: Launched;
}

/** `up` and `release` of an environment whose containers serve one run after another: reset and proved clean in between, not restarted. */
export function reusing(launcher: ContainerLauncher, parts: ContainerParts): Required<Pick<EnvironmentDriver, 'up' | 'release'>> {
  let kept: Kept | undefined;
  const takeKept = (): Kept | undefined => {
    const taken = kept;
    kept = undefined;
    return taken;
  };
  const release = async (): Promise<void> => {
    await takeKept()?.launched[Symbol.asyncDispose]();
  };
  /** What the run before left up, clean; null where there is nothing of the kind. */
  const again = async (context: UpContext): Promise<Launched | null> => {
    const taken = takeKept();
    if (taken === undefined) return null;
    const tell = (detail: string): void =>
      context.sink({
        table: 'events',
        row: { kind: 'environment', atUs: context.clock.nowUs(), what: 'clean', subject: 'containers', detail },
      });
    try {
      if (taken.key === keyOf(context)) {
        tell(await resetToClean(taken.launched, context, parts));
        return taken.launched;
      }
    } catch (error) {
      tell(`made anew: ${(error as Error).message}`);
    }
    await taken.launched[Symbol.asyncDispose]();
    return null;
  };
  const handBack = async (launched: Launched, context: UpContext): Promise<void> => {
    const canKeep = launcher.isReusing(context) && !context.signal.aborted && kept === undefined;
    if (canKeep) kept = { key: keyOf(context), launched };
    else await launched[Symbol.asyncDispose]();
  };
  return {
    release,
    async up(context): Promise<RunningSystem> {
      context.signal.throwIfAborted();
      await using stack = new AsyncDisposableStack();
      const logs = await openLogs(context, stack);
      const reused = await again(context);
      const launched = reused ?? (await launcher.launch(context, logs, parts));
      stack.defer(() => handBack(launched, context));
      const system = stack.use(await serveRun(launched, { context, logs, isFirst: reused === null }, parts));
      const used = stack.move();
      let ending: Promise<void> | undefined;
      return { ...system, [Symbol.asyncDispose]: () => (ending ??= used.disposeAsync()) };
    },
  };
}

/** Runs with the same key may use the same containers. */
function keyOf({ plan: { system, overrides, settings }, projectFolder }: UpContext): string {
  return canonicalJson({ system, overrides, settings, projectFolder });
}
