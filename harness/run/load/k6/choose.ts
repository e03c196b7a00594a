import { UsageError } from '../../../model/problem.ts';
import type { Plan } from '../../../model/plan.ts';
import { demandExtended, findK6, K6_WAYS_OUT, readK6 } from './find.ts';
import { K6_MAJORS } from './protocol.ts';
import { stockTier, type K6Tier } from './stock.ts';

/** The k6 that a run uses; with a tier where it lacks our extension. */
export interface ChosenK6 {
  readonly path: string;
  readonly tier?: K6Tier;
}

/**
 * The k6 that the configuration names, else the one that was built, else any that is on PATH. One without our extension is taken where
 * there is no other, or where it is named: its runs say what their evidence lacks.
 *
 * @throws {UsageError} if there is none, or what there is cannot send this load
 */
export async function chooseK6({ k6, load }: Pick<Plan, 'k6' | 'load'>): Promise<ChosenK6> {
  const path = (await findK6(k6)) ?? (await findK6({ executable: 'k6' }).catch(() => null));
  if (path === null)
    throw new UsageError(`Cannot send the load as k6 with the extension halfopen must be there: found none; ${K6_WAYS_OUT}`, [], 'k6');
  const program = await readK6(path);
  if (program.hasExtension || !K6_MAJORS.includes(program.major)) {
    demandExtended(program);
    return { path };
  }
  const refuse = (what: string, found: string): UsageError =>
    new UsageError(`Cannot use ${path} (k6 ${program.version}, without the extension k6/x/halfopen) as ${what}: ${found}; ${K6_WAYS_OUT}`);
  if (load.kind !== 'open') throw refuse("the load's kind must be 'open'", `current value is '${load.kind}'`);
  const instances = k6.instances ?? 1;
  if (instances !== 1) throw refuse("'k6.instances' must be 1", `current value is ${instances}`);
  return { path, tier: stockTier };
}
