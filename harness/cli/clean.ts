import { findLeftovers, forgetRun, ledgerFolder, undoLeftovers, type Leftovers, type RunLeftovers, type Undone } from '../pipeline.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import type { Line } from '../report/terminal-contract.ts';
import { accountLine, leftAloneLines, plannedLine, plannedLines, problemsOf, undoneLines } from './clean/lines.ts';
import type { Command, CommandCall } from './contract.ts';
import { listOption, unknownName, wrongCommandLine } from './options.ts';
import { printedLine } from './screen.ts';

/** How long undoing may take, in milliseconds. */
const PATIENCE_MS = 60_000;

export const clean: Command = {
  name: 'clean',
  parameters: '',
  summary: 'undo what dead runs have left: containers, networks, volumes, toxics, temporary folders',
  flags: [
    { flags: '-n, --dry-run', description: 'only say what would be undone' },
    {
      flags: '--all',
      description: 'also what runs of another machine, boot or process namespace have made, whose life cannot be told from here',
    },
    {
      flags: '--forget <run>',
      description: 'give up what this run has written down, without undoing it; may be repeated',
      repeatable: true,
    },
  ],
  examples: [
    ['clean', 'undo what is left; exit code 3 if something could not be undone'],
    ['clean --dry-run', 'see what it would do'],
    ['clean --forget 1a2b3c4d', 'its Toxiproxy has ended, and its toxics with it'],
  ],
  run: cleanCommand,
};

async function cleanCommand({ options }: CommandCall): Promise<number> {
  const folder = ledgerFolder();
  const found = await findLeftovers(folder);
  const runs = forget(listOption(options, 'forget'), found);
  const chosen = runs.filter(({ life }) => life.is === 'dead' || (life.is === 'unknown' && options['all'] === true));
  const leftAlone = leftAloneLines(runs.filter((run) => !chosen.includes(run)));
  if (options['dryRun'] === true) {
    print([...chosen.filter(hasSomething).flatMap(plannedLines), ...leftAlone, plannedLine({ found, folder, chosen })]);
    return EXIT_CODES.pass;
  }
  const undone = await undo(chosen);
  print([...leftAlone, accountLine({ found, folder, chosen, undone })]);
  const isLeft = undone.some(({ outcome }) => outcome === 'left') || chosen.some((run) => problemsOf(run).length > 0);
  return isLeft ? EXIT_CODES.harness : EXIT_CODES.pass;
}

/** Gives up what these runs have written down; answers the other runs. */
function forget(ids: readonly string[], { runs }: Leftovers): readonly RunLeftovers[] {
  const written = runs.filter(({ ledger, life }) => ledger !== null && life.is !== 'alive');
  const names = written.map(({ runId }) => runId);
  const wrong = ids.filter((id) => !names.includes(id));
  if (wrong.length > 0) throw wrongCommandLine(wrong.map((id) => unknownRun(id, names)));
  for (const run of written) if (ids.includes(run.runId)) forgetRun(run);
  return runs.filter(({ runId }) => !ids.includes(runId));
}

function unknownRun(id: string, names: readonly string[]): ReturnType<typeof unknownName> {
  if (names.length > 0) return unknownName('--forget', id, names);
  return { path: '--forget', expected: 'a run that is dead and has written something down', found: `'${id}', and there is none` };
}

/** Runs side by side; what became of each is printed when it is known for the whole run. */
async function undo(runs: readonly RunLeftovers[]): Promise<readonly Undone[]> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const all = runs.map(async (run) => {
    const undone = await undoLeftovers([run], { signal });
    if (hasSomething(run)) print(undoneLines(run, undone));
    return undone;
  });
  return (await Promise.all(all)).flat();
}

function hasSomething(run: RunLeftovers): boolean {
  return run.entries.length > 0 || problemsOf(run).length > 0;
}

function print(lines: readonly Line[]): void {
  process.stdout.write(lines.map((line) => `${printedLine(line)}\n`).join(''));
}
