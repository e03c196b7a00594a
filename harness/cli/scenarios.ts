import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError, type Problem } from '../model/problem.ts';
import type { Scenario } from '../model/scenario.ts';
import { importFailure, isUsageError, problemsIn } from './failure.ts';
import type { Project } from './project.ts';

/** A scenario and the file that it stands in, relative to the project's folder. */
export interface LoadedScenario {
  readonly file: string;
  readonly scenario: Scenario;
}

const SCENARIO_FILE = /\.chaos\.(?:ts|js|mjs|json)$/;

/**
 * Reads every scenario of a project, in order of their files. What they hold is checked when a plan is made of them.
 *
 * @throws {UsageError} with the problems of all files at once
 */
export async function loadScenarios(project: Project): Promise<readonly LoadedScenario[]> {
  const problems: Problem[] = [];
  const loaded: LoadedScenario[] = [];
  for (const path of scenarioFiles(project, problems)) {
    const file = relative(project.folder, path);
    const read = await readScenario(path, file);
    if ('scenario' in read) loaded.push({ file, scenario: read.scenario });
    else problems.push(...read.problems);
  }
  problems.push(...sharedNames(loaded));
  if (problems.length > 0) throw new UsageError('Cannot read the scenarios; nothing was started:', problems);
  return loaded;
}

function scenarioFiles({ config, configFile, folder }: Project, problems: Problem[]): readonly string[] {
  const files = new Set<string>();
  for (const [index, entry] of config.scenarios.entries()) {
    const path = resolve(folder, entry);
    if (existsSync(path)) {
      for (const file of statSync(path).isDirectory() ? filesUnder(path) : [path]) files.add(file);
    } else if (configFile !== null) {
      problems.push({ path: `config › scenarios[${index}]`, expected: 'a folder or a file', found: `${path}, which does not exist` });
    }
  }
  return [...files].sort();
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : filesUnder(path);
    return SCENARIO_FILE.test(entry.name) ? [path] : [];
  });
}

type Read = { readonly scenario: Scenario } | { readonly problems: readonly Problem[] };

async function readScenario(path: string, file: string): Promise<Read> {
  const expected = 'a scenario as its default export (export default defineScenario(system, { … }))';
  try {
    const exported = path.endsWith('.json') ? readJson(path) : await importModule(path);
    const value = exported.default;
    if (value === undefined) return { problems: [{ path: file, expected, found: exportsInWords(exported) }] };
    if (typeof value !== 'object' || value === null || !('schemaVersion' in value)) {
      return {
        problems: [{ path: file, expected, found: `a default export of another kind (${Array.isArray(value) ? 'a list' : typeof value})` }],
      };
    }
    const scenario = value as Scenario;
    // Without a name of its own a scenario has its file's.
    return { scenario: scenario.name === '' || scenario.name === undefined ? { ...scenario, name: nameOf(path) } : scenario };
  } catch (error) {
    if (isUsageError(error)) return { problems: problemsIn(file, error) };
    return { problems: [{ path: file, expected: 'a file that can be imported', found: importFailure(error) }] };
  }
}

function readJson(path: string): { readonly default: unknown } {
  return { default: JSON.parse(readFileSync(path, 'utf8')) as unknown };
}

async function importModule(path: string): Promise<{ readonly default?: unknown }> {
  return (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
}

function exportsInWords(exported: object): string {
  const names = Object.keys(exported);
  return names.length === 0 ? 'no export at all' : `only the exports ${names.join(', ')}`;
}

function nameOf(path: string): string {
  return basename(path).replace(SCENARIO_FILE, '');
}

function sharedNames(loaded: readonly LoadedScenario[]): Problem[] {
  return loaded.flatMap(({ file, scenario: { name } }, index) => {
    const first = loaded.findIndex((other) => other.scenario.name === name);
    if (first === index) return [];
    return [{ path: file, expected: 'a name of its own', found: `'${name}', as in ${loaded[first]?.file ?? 'another file'}` }];
  });
}
