import { randomInt } from 'node:crypto';
import { catalogue, planScenario } from '../pipeline.ts';
import { UsageError, type Problem } from '../model/problem.ts';
import { redactorOf } from '../model/redact.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { describePlan } from '../plan/describe.ts';
import type { Command, CommandCall } from './contract.ts';
import { isUsageError, problemsIn } from './failure.ts';
import { openProject } from './project.ts';
import { loadScenarios } from './scenarios.ts';
import { nothingChosen, selectScenarios } from './selection.ts';
import { demandNoProblems, textOption, wrongCommandLine } from './options.ts';
import { PLAN_FLAGS, demandKnownServices, readSettings } from './settings.ts';

export const plan: Command = {
  name: 'plan',
  parameters: '<scenario>',
  summary: 'say what a run would do and when, and start nothing',
  flags: [...PLAN_FLAGS, { flags: '--json', description: 'as JSON: the same data as plan.json of a run' }],
  examples: [
    ['plan payments-outage', 'the timeline, the load, what is expected'],
    ['plan payments-outage --pace fast --json', 'the shorter timeline, for a program'],
  ],
  run: planCommand,
};

async function planCommand(call: CommandCall): Promise<number> {
  const { args, options } = call;
  const project = await openProject(process.cwd(), textOption(options, 'config'));
  const { config } = project;
  const problems: Problem[] = [];
  const settings = readSettings(call, config, problems);
  demandNoProblems(problems);
  const loaded = await loadScenarios(project);
  const selection = selectScenarios(loaded, { filters: args, cwd: process.cwd(), project });
  const [chosen, ...more] = selection.chosen;
  if (chosen === undefined) {
    process.stderr.write(`${nothingChosen(loaded, selection, project)}\n`);
    return EXIT_CODES.nothing;
  }
  if (more.length > 0) {
    const names = selection.chosen.map(({ scenario }) => scenario.name).join(', ');
    throw wrongCommandLine([
      { path: '<scenario>', expected: 'what matches one scenario', found: `'${args[0] ?? ''}', which matches ${names}` },
    ]);
  }
  demandKnownServices([chosen], settings.overrides);
  const planned = ((): ReturnType<typeof planScenario> => {
    try {
      const { driver, ...rest } = settings;
      return planScenario(chosen.scenario, {
        config,
        ...rest,
        ...(driver === undefined ? {} : { driver }),
        seed: settings.seed ?? randomInt(2 ** 32),
        projectFolder: project.folder,
      });
    } catch (error) {
      if (!isUsageError(error)) throw error;
      throw new UsageError(`Cannot plan '${chosen.scenario.name}' as what is declared is wrong:`, problemsIn(chosen.file, error));
    }
  })();
  const shown = redactorOf(planned.redact).value(planned);
  process.stdout.write(options['json'] === true ? `${JSON.stringify(shown)}\n` : describePlan(shown, catalogue));
  return EXIT_CODES.pass;
}
