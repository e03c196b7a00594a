import type { OpenLoad } from '../../model/load.ts';
import type { LoadContext, LoadDriver, RunningLoad } from './contract.ts';
import { chooseK6, type ChosenK6 } from './k6/choose.ts';
import { startGenericLoad } from './k6/generic-load.ts';
import { sharesOf } from './k6/runner-plan.ts';
import { checkScript, startScript } from './k6/script.ts';
import { startedTogether } from './together.ts';

/** Open-model HTTP load, or a user's own script, from k6 with our extension: one process, or several that share the arrivals. */
export const k6Driver: LoadDriver = {
  kind: 'k6',
  needs: [],
  schema: {},
  accepts: ['open', 'k6-script'],
  describe: () => 'k6 with the extension halfopen',
  async check(context) {
    const { path } = await chooseK6(context.plan);
    if (context.plan.load.kind === 'k6-script') await checkScript(context, path);
  },
  async start(context) {
    const chosen = await chooseK6(context.plan);
    const { load } = context.plan;
    return load.kind === 'open' ? startGeneric(context, load, chosen) : startScript(context, load, chosen.path);
  },
};

/** The arrivals are dealt out to as many processes as the configuration says. */
function startGeneric(context: LoadContext, load: OpenLoad, { path, ...chosen }: ChosenK6): Promise<RunningLoad> {
  const shares = sharesOf(context.plan, context.ordinals, context.plan.k6.instances ?? 1);
  return startedTogether(
    shares.map((share, index) =>
      startGenericLoad({ context, load, executable: path, ...chosen, share, instance: `k6-${index + 1}`, processes: shares.length }),
    ),
  );
}
