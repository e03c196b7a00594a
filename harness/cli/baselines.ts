import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { statisticsProblems } from '../gate/read-statistics.ts';
import type { Baseline } from '../model/gate.ts';
import { UsageError } from '../model/problem.ts';
import { show } from '../model/shape.ts';
import type { Project } from './project.ts';

const SUFFIX = '.baseline.json';
/** One mistake of who wrote the file is made in every run. */
const PROBLEMS_MAX = 10;

/** Beside the configuration, where a repository or a cache keeps it. */
export function baselineFolder({ folder }: Project): string {
  return join(folder, 'baselines');
}

export function baselinePath(project: Project, name: string): string {
  return join(baselineFolder(project), `${name}${SUFFIX}`);
}

export function baselineNames(project: Project): readonly string[] {
  const folder = baselineFolder(project);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(SUFFIX))
    .map((name) => name.slice(0, -SUFFIX.length))
    .sort();
}

/**
 * @param asked a name, or the path of a file
 * @throws {UsageError} if there is none, or it is of another version
 */
export function readBaseline(project: Project, asked: string): Baseline {
  const path = asked.endsWith('.json') ? resolve(asked) : baselinePath(project, asked);
  if (!existsSync(path)) {
    const names = baselineNames(project);
    const known = names.length === 0 ? 'there is none yet; make one with: npx halfopen baseline save' : `there is ${names.join(', ')}`;
    throw new UsageError(`Cannot compare with baseline '${asked}' as ${path} does not exist (${known})`);
  }
  let found: Partial<Baseline> & { readonly schemaVersion?: unknown };
  try {
    found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Baseline>;
  } catch (error) {
    throw new UsageError(`Cannot read the baseline ${path} as it must be JSON: ${(error as Error).message}`);
  }
  if (found.schemaVersion !== 1)
    throw new UsageError(
      `Cannot read the baseline ${path} as 'schemaVersion' must be 1: current value is ${JSON.stringify(found.schemaVersion)}; save it again with this version: npx halfopen baseline save ${basename(path, SUFFIX)}`,
    );
  const problems = Array.isArray(found.runs)
    ? found.runs.flatMap((run, index) => statisticsProblems(run, `runs[${index}]`))
    : [{ path: 'runs', expected: 'a list of statistics', found: show(found.runs) }];
  if (problems.length > 0)
    throw new UsageError(`Cannot read the baseline ${path} as it is wrong; save it again:`, problems.slice(0, PROBLEMS_MAX));
  return found as Baseline;
}
