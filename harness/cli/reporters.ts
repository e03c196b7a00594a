import { reporters as everyReporter } from '../report/index.ts';
import type { Reporter } from '../report/contract.ts';
import { defineConfig } from '../index.ts';
import type { Problem } from '../model/problem.ts';
import type { CommandCall } from './contract.ts';
import { isReporterPath, loadCustomReporter, type NamedReporter } from './custom-reporters.ts';
import { textOption, unknownName } from './options.ts';
import type { Project } from './project.ts';

const TERMINAL = 'terminal';

/** Everything that `--reporter` may name, besides paths. */
export const REPORTER_NAMES: readonly string[] = [TERMINAL, ...Object.keys(everyReporter)];

/** Who tells of a suite. */
export interface ChosenReporters {
  readonly reporters: readonly Reporter[];
  readonly custom: readonly NamedReporter[];
  /** Whether the terminal tells what happens, or only how it ended. */
  readonly isTold: boolean;
}

/**
 * Those that `--reporter` names, else the configuration's, else the usual ones: with what the CI at hand reads beside them. Imports custom
 * reporters. What is wrong is added to `problems`, and must be thrown before the answer is used.
 */
export async function chooseReporters(
  options: CommandCall['options'],
  { config, folder }: Project,
  problems: Problem[],
): Promise<ChosenReporters> {
  const asked = textOption(options, 'reporter');
  const place = asked === undefined ? 'config › reporters' : '--reporter';
  const names = [...new Set(asked === undefined ? usual(config.reporters) : asked.split(',').map((name) => name.trim()))];
  const known = new Map<string, Reporter>(Object.entries(everyReporter as Readonly<Record<string, unknown>>) as [string, Reporter][]);
  const custom: NamedReporter[] = [];
  for (const name of names) {
    if (isReporterPath(name)) {
      const loaded = await loadCustomReporter({ name, folder: asked === undefined ? folder : process.cwd(), place }, problems);
      if (loaded !== null) custom.push(loaded);
    } else if (!REPORTER_NAMES.includes(name)) {
      problems.push(unknownName(place, name, [...REPORTER_NAMES, './a-module.ts']));
    }
  }
  return { reporters: names.flatMap((name) => known.get(name) ?? []), custom, isTold: names.includes(TERMINAL) };
}

/** Who has chosen reporters gets those; who has not gets what the CI at hand reads as well. */
function usual(configured: readonly string[]): readonly string[] {
  const isChosen = configured.join() !== defineConfig().reporters.join();
  return isChosen || process.env['GITHUB_ACTIONS'] !== 'true' ? configured : [...configured, everyReporter.github.kind];
}
