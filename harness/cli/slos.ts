import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { UsageError, type Problem } from '../model/problem.ts';
import { sloOf, type Slo, type SloDeclaration } from '../model/slo.ts';
import { readSloFile, sharedNameProblems } from '../scenario/validate-slo.ts';
import { isUsageError, problemsIn } from './failure.ts';
import type { Project } from './project.ts';

const SUFFIX = '.slo.json';

/**
 * The SLOs of a project: those in its configuration, those of the files that it names, and those of the files that were named instead.
 *
 * @param named files or folders; where there are any, only they count
 * @throws {UsageError} with the problems of all files at once
 */
export function readSlosOf({ folder, config }: Project, named: readonly string[]): readonly Slo[] {
  const declared = config.slos ?? [];
  const inline = named.length > 0 ? [] : declared.filter((entry): entry is SloDeclaration => typeof entry !== 'string');
  const paths =
    named.length > 0
      ? named.map((path) => resolve(path))
      : declared.filter((entry): entry is string => typeof entry === 'string').map((path) => resolve(folder, path));
  const problems: Problem[] = [];
  const places: { readonly place: string; readonly slos: readonly Slo[] }[] = [{ place: 'config › slos', slos: inline.map(sloOf) }];
  for (const file of paths.flatMap((path) => filesAt(path, problems))) {
    const place = relative(process.cwd(), file);
    try {
      places.push({ place, slos: readSloFile(readJson(file), place) });
    } catch (error) {
      if (!isUsageError(error)) throw error;
      problems.push(...problemsIn(place, error));
    }
  }
  if (problems.length === 0) problems.push(...sharedNameProblems(places));
  if (problems.length > 0) throw new UsageError('Cannot judge by SLOs that are wrong:', problems);
  return places.flatMap(({ slos }) => slos);
}

function filesAt(path: string, problems: Problem[]): readonly string[] {
  if (!existsSync(path)) {
    problems.push({ path, expected: `a file or a folder with files *${SUFFIX}`, found: 'nothing of that name' });
    return [];
  }
  if (!statSync(path).isDirectory()) return [path];
  const files = readdirSync(path)
    .filter((name) => name.endsWith(SUFFIX))
    .sort();
  if (files.length === 0) problems.push({ path, expected: `a folder with files *${SUFFIX}`, found: 'none of that name in it' });
  return files.map((name) => join(path, name));
}

function readJson(file: string): unknown {
  const text = readFileSync(file, 'utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError('It is no JSON', [{ path: '', expected: 'JSON', found: (error as Error).message }]);
  }
}
