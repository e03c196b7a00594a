import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Outcome } from '../model/outcome.ts';
import { UsageError } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { compareOutcomes, comparisonLines, hasOtherVerdicts, type Side } from '../report/comparison.ts';
import { reporters } from '../report/index.ts';
import type { Command, CommandCall } from './contract.ts';
import { printedLine } from './screen.ts';

export const compare: Command = {
  name: 'compare',
  parameters: '<results...>',
  summary: 'set stored results beside each other: verdicts, breaker times, recovery times; 1 if a verdict differs from the first',
  flags: [{ flags: '--json', description: 'as JSON' }],
  examples: [
    ['compare reports/outcome.json reports/docker/outcome.json', 'a suite in two environments'],
    ['compare before after --json', 'two output folders, for a program'],
  ],
  run: compareCommand,
};

async function compareCommand({ args, options }: CommandCall): Promise<number> {
  if (args.length < 2)
    throw new UsageError(`Cannot compare as '<results...>' must be at least two files or folders: current value is ${args.join(' ')}`);
  const comparison = compareOutcomes(labelled(args.map((path) => ({ path, outcome: readOutcome(path) }))));
  if (options['json'] === true) process.stdout.write(`${JSON.stringify(comparison, null, 2)}\n`);
  else process.stdout.write(`${comparisonLines(comparison).map(printedLine).join('\n')}\n`);
  if (comparison.scenarios.length === 0) return EXIT_CODES.nothing;
  return hasOtherVerdicts(comparison) ? EXIT_CODES.fail : EXIT_CODES.pass;
}

/**
 * Reads the results of a suite.
 *
 * @throws {UsageError} if the path is neither an `outcome.json` nor a folder that holds one
 */
export function readOutcome(asked: string): Outcome {
  const given = resolve(asked);
  const path = existsSync(given) && statSync(given).isDirectory() ? join(given, reporters.json.file) : given;
  try {
    const outcome = JSON.parse(readFileSync(path, 'utf8')) as Partial<Outcome>;
    if (outcome.schemaVersion === 1 && Array.isArray(outcome.scenarios)) return outcome as Outcome;
    throw new TypeError(`it is no ${reporters.json.file} of this version`);
  } catch (cause) {
    throw new UsageError(
      `Cannot compare as results must be an ${reporters.json.file} or a folder with one: ${path}: ${(cause as Error).message}`,
    );
  }
}

/** Calls each by its environment where that tells them apart, and by its path where it does not. */
export function labelled(results: readonly { readonly path: string; readonly outcome: Outcome }[]): readonly Side[] {
  const environments = results.map(({ outcome }) => {
    const [only, ...others] = new Set(outcome.scenarios.map(({ environment }) => environment));
    return others.length === 0 ? only : undefined;
  });
  const areApart = new Set(environments).size === results.length && !environments.includes(undefined);
  return results.map(({ path, outcome }, index) => ({ label: (areApart ? environments[index] : undefined) ?? path, outcome }));
}
