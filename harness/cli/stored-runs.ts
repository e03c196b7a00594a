import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { RECORDING_FILE, reanalyze } from '../pipeline.ts';
import { statisticsProblems } from '../gate/read-statistics.ts';
import type { StoredRun } from '../model/gate.ts';
import type { Outcome, ScenarioOutcome } from '../model/outcome.ts';
import { describeProblem, UsageError } from '../model/problem.ts';
import { failureOf } from './failure.ts';

const OUTCOME_FILE = 'outcome.json';

/**
 * Runs that are stored in output folders, or told by outcome files. A run folder that cannot be read is an unusable run: it must not
 * make the others look better than they are.
 *
 * @throws {UsageError} if a path is neither
 */
export function readStoredRuns(paths: readonly string[]): readonly StoredRun[] {
  return paths.flatMap((asked) => {
    const path = resolve(asked);
    if (!existsSync(path))
      throw new UsageError(`Cannot read results as there must be a folder or an ${OUTCOME_FILE}: ${path} does not exist`);
    return statSync(path).isDirectory() ? runsIn(path) : runsOfFile(path);
  });
}

function runsOfFile(file: string): readonly StoredRun[] {
  try {
    return runsOf(readOutcome(file), placeOf(file));
  } catch (error) {
    throw new UsageError(`Cannot read results as it must be an ${OUTCOME_FILE} of this version: ${file}: ${(error as Error).message}`);
  }
}

/** `<folder>/<scenario>/<run>/outcome.json`, as `halfopen run` leaves them. */
function runsIn(folder: string): readonly StoredRun[] {
  return foldersIn(folder).flatMap((scenario) =>
    foldersIn(join(folder, scenario)).flatMap((run) => runsOfFolder(scenario, join(folder, scenario, run))),
  );
}

function foldersIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => lstatSync(join(folder, name)).isDirectory())
    .sort();
}

function runsOfFolder(scenario: string, folder: string): readonly StoredRun[] {
  const [file, recording] = [join(folder, OUTCOME_FILE), join(folder, RECORDING_FILE)];
  const unusable = (reason: string): readonly StoredRun[] => [{ scenario, place: placeOf(folder), statistics: { unusable: reason } }];
  try {
    if (existsSync(file)) {
      const outcome = readOutcome(file);
      if (outcome.scenarios.every(({ statistics }) => statistics !== undefined)) return runsOf(outcome, placeOf(folder));
    }
    // Written by an older version, or never: what was recorded still tells.
    if (existsSync(recording)) return [{ scenario, place: placeOf(folder), statistics: reanalyze(recording).statistics }];
    return existsSync(file) ? unusable('its results are of an older version, and its recording is gone') : [];
  } catch (error) {
    return unusable(`it cannot be read: ${failureOf(error).text.split('\n')[0]}`);
  }
}

function runsOf({ scenarios }: Outcome, place: string): readonly StoredRun[] {
  return scenarios.map(({ name, folder, statistics }: ScenarioOutcome) => ({
    scenario: name,
    place: scenarios.length === 1 ? place : `${place} › ${folder}`,
    statistics: checked(statistics),
  }));
}

function checked(statistics: ScenarioOutcome['statistics']): StoredRun['statistics'] {
  if (statistics === undefined) return { unusable: 'an older version wrote it, without statistics' };
  if ('unusable' in statistics) return { unusable: String(statistics.unusable) };
  const [problem] = statisticsProblems(statistics, 'statistics');
  return problem === undefined ? statistics : { unusable: `its results are wrong: ${describeProblem(problem)}` };
}

function readOutcome(file: string): Outcome {
  const found = JSON.parse(readFileSync(file, 'utf8')) as Partial<Outcome>;
  if (found.schemaVersion !== 1 || !Array.isArray(found.scenarios)) throw new TypeError(`it is no ${OUTCOME_FILE} of this version`);
  return found as Outcome;
}

function placeOf(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}
