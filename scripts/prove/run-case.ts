import { defineConfig, runScenario, type RunResult } from '../../harness/index.ts';
import type { Plan } from '../../harness/model/plan.ts';
import type { Config, Scenario } from '../../harness/model/scenario.ts';
import { monotonicUs } from '../../harness/run/clock.ts';
import type { ProofOptions } from './proof.ts';

export interface RunCase {
  readonly scenario: Scenario;
  readonly seed: number;
  /** Folder of the run; must not exist. */
  readonly runFolder: string;
  readonly pace?: Plan['pace'];
  readonly overrides?: Plan['overrides'];
  readonly config?: Partial<Config>;
  /** The load driver. @default the one that the load asks for */
  readonly driver?: string;
}

/** Runs a scenario as the command line does; `originUs` is the run's start on the machine's monotonic clock, to which truths of other channels refer. */
export async function runCase(
  { scenario, seed, runFolder, pace = 'fast', overrides = {}, config = {}, driver }: RunCase,
  { projectFolder, signal }: Pick<ProofOptions, 'projectFolder' | 'signal'>,
): Promise<RunResult & { readonly originUs: number }> {
  let originUs = Infinity;
  const result = await runScenario(scenario, {
    config: defineConfig(config),
    environment: 'embedded',
    seed,
    pace,
    overrides,
    ...(driver === undefined ? {} : { driver }),
    runFolder,
    projectFolder,
    signal,
    onRecord: (record) => {
      // Every event is stamped before it is seen here; the load's start alone lies ahead. The one that was seen soonest tells the origin.
      if (record.table === 'events' && record.row.kind !== 'load-started') originUs = Math.min(originUs, monotonicUs() - record.row.atUs);
    },
  });
  return { ...result, originUs };
}
