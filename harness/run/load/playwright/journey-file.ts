import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { JourneyTemplate } from '../../../model/load.ts';
import { UsageError, type Problem } from '../../../model/problem.ts';
import { codeOf, type JourneyCode } from './journey.ts';

/**
 * Imports the code of each journey.
 *
 * @throws {UsageError} with the problems of all of them
 */
export async function importJourneys(journeys: readonly JourneyTemplate[], projectFolder: string): Promise<readonly JourneyCode[]> {
  const read = await Promise.all(journeys.map(async (template) => importJourney(template, projectFolder)));
  const problems = read.filter((found): found is Problem => typeof found !== 'function');
  if (problems.length > 0) throw new UsageError('Cannot read the journeys; nothing was started:', problems);
  return read.filter((found) => typeof found === 'function');
}

async function importJourney({ name, file, export: exported }: JourneyTemplate, projectFolder: string): Promise<JourneyCode | Problem> {
  const path = `journey '${name}'`;
  let module: Readonly<Record<string, unknown>>;
  try {
    module = (await import(pathToFileURL(resolve(projectFolder, file)).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { path, expected: `a module that can be imported at ${file}`, found: reason };
  }
  const code = codeOf(module[exported]);
  if (code !== undefined) return code;
  const expected = `the export '${exported}' of ${file} to be a journey (export default journey(async ({ page, step }) => { … }))`;
  const exports = Object.keys(module);
  const others = exports.length === 0 ? 'no exports' : `exports ${exports.join(', ')}`;
  return { path, expected, found: exported in module ? `something else (${typeof module[exported]})` : others };
}
