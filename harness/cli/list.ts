import { EXIT_CODES } from '../model/verdict.ts';
import type { Command, CommandCall } from './contract.ts';
import { openProject } from './project.ts';
import { placesOf } from './left-out.ts';
import { loadScenarios, type LoadedScenario } from './scenarios.ts';
import { nothingChosen, selectScenarios } from './selection.ts';
import { textOption } from './options.ts';

export const list: Command = {
  name: 'list',
  parameters: '[filter...]',
  summary: 'say which scenarios there are, what they need and where they can run',
  flags: [
    { flags: '-g, --grep <pattern>', description: 'only scenarios whose name, title or tags match this regular expression' },
    { flags: '-c, --config <file>', description: 'configuration (default: the nearest halfopen.config.ts|js|mjs upwards)' },
    { flags: '--json', description: 'as JSON' },
  ],
  examples: [
    ['list', 'every scenario with its title and tags'],
    ['list --json', 'the same for a program'],
  ],
  run: listCommand,
};

async function listCommand({ args, options }: CommandCall): Promise<number> {
  const project = await openProject(process.cwd(), textOption(options, 'config'));
  const loaded = await loadScenarios(project);
  const grep = textOption(options, 'grep');
  const selection = selectScenarios(loaded, { filters: args, cwd: process.cwd(), project, ...(grep === undefined ? {} : { grep }) });
  if (selection.chosen.length === 0 || selection.unmatched.length > 0) {
    process.stderr.write(`${nothingChosen(loaded, selection, project)}\n`);
    return EXIT_CODES.nothing;
  }
  process.stdout.write(
    options['json'] === true ? `${JSON.stringify(selection.chosen.map(entryOf), null, 2)}\n` : describeScenarios(selection.chosen),
  );
  return EXIT_CODES.pass;
}

function entryOf({ file, scenario }: LoadedScenario): object {
  const { name, title, tags, system } = scenario;
  const places = placesOf(scenario);
  return { name, title, tags, system: system.name, file, ...(places === null ? {} : { needs: places.needs, environments: able(places) }) };
}

/** One line a scenario: name, title, tags, what it needs, and where it can run. */
export function describeScenarios(chosen: readonly LoadedScenario[]): string {
  const width = Math.max(...chosen.map(({ scenario }) => scenario.name.length));
  return chosen
    .map(({ scenario }) => {
      const { name, title, tags } = scenario;
      const places = placesOf(scenario);
      const needs =
        places === null ? [] : [`needs ${places.needs.join(', ') || 'nothing'}: ${able(places).join(', ') || 'no environment'}`];
      return `${[name.padEnd(width), title, ...tags, ...needs].join('  ')}\n`;
    })
    .join('');
}

function able({ lacked }: NonNullable<ReturnType<typeof placesOf>>): readonly string[] {
  return Object.keys(lacked).filter((environment) => lacked[environment]?.length === 0);
}
