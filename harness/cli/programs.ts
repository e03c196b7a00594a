import { checkDrivers } from '../pipeline.ts';
import type { LeftOut } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import type { Program } from '../model/problem.ts';
import { isUsageError } from './failure.ts';
import type { PlannedRun } from './suite.ts';

/** Which load driver works with a program: who asks for that driver asks for the program. */
const DRIVERS: { readonly [P in Program]: string } = { k6: 'k6', browser: 'playwright' };

export interface ProgramsRequest {
  /** Of each scenario's first run, by the scenario's file. */
  readonly plans: ReadonlyMap<string, Plan>;
  /** Runs without what they need are left out; else the first of them is refused. */
  readonly isEverything: boolean;
  /** The load driver that was asked for by name. */
  readonly driver: string | undefined;
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
}

/** Runs that can be carried out on this machine, and scenarios that cannot. */
export interface SortedRuns {
  readonly able: readonly PlannedRun[];
  readonly leftOut: readonly LeftOut[];
}

/**
 * Parts runs whose load can be sent here from those that need a program which this machine lacks.
 *
 * @throws {UsageError} if a journey or script is wrong, or a program is missing that somebody asked for
 */
export async function sortByPrograms(runs: readonly PlannedRun[], request: ProgramsRequest): Promise<SortedRuns> {
  const leftOut = new Map<string, LeftOut>();
  const able: PlannedRun[] = [];
  const checked = new Set<string>();
  for (const run of runs) {
    const { file } = run.loaded;
    const plan = request.plans.get(file);
    if (plan !== undefined && !checked.has(file)) {
      checked.add(file);
      const lack = await lackOf(run, plan, request);
      if (lack !== null) leftOut.set(file, lack);
    }
    if (!leftOut.has(file)) able.push(run);
  }
  return { able, leftOut: [...leftOut.values()] };
}

async function lackOf({ loaded, request }: PlannedRun, plan: Plan, asked: ProgramsRequest): Promise<LeftOut | null> {
  const { isEverything, driver, redact, signal } = asked;
  try {
    await checkDrivers(plan, { projectFolder: request.projectFolder ?? process.cwd(), signal });
    return null;
  } catch (error) {
    if (!isUsageError(error) || error.missing === null || !isEverything || driver === DRIVERS[error.missing]) throw error;
    return {
      name: loaded.scenario.name,
      title: redact(loaded.scenario.title),
      environment: request.environment,
      lacks: [error.missing],
      sentence: redact(error.message),
    };
  }
}
