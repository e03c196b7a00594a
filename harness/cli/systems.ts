import { existsSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../model/problem.ts';
import type { System } from '../model/system.ts';
import { importFailure, isUsageError, problemsIn } from './failure.ts';
import { wrongCommandLine } from './options.ts';
import type { Project } from './project.ts';
import { loadScenarios } from './scenarios.ts';

/**
 * The system that `--system` means: a file (`scenarios/shop.system.ts`, with `#shop` behind it where it has several), or the name of one that
 * a scenario uses; without it, the only one that scenarios use.
 *
 * @throws {UsageError} if there is none, or more than one
 */
export async function chooseSystem(project: Project, wanted: string | undefined): Promise<System> {
  const [path = '', inFile] = (wanted ?? '').split('#');
  const file = resolve(process.cwd(), path);
  if (wanted !== undefined && existsSync(file) && statSync(file).isFile()) return fromFile(file, inFile);
  const systems = new Map((await loadScenarios(project)).map(({ scenario: { system } }) => [system.name, system]));
  const names = [...systems.keys()];
  if (wanted === undefined) {
    const [only, ...more] = systems.values();
    if (only === undefined)
      throw wrongCommandLine([{ path: '--system', expected: 'the file of a system', found: 'none, and no scenario that uses one' }]);
    if (more.length === 0) return only;
    throw wrongCommandLine([{ path: '--system', expected: `one of the scenarios' systems: ${names.join(', ')}`, found: 'none' }]);
  }
  const named = systems.get(wanted);
  if (named !== undefined) return named;
  const known = names.length === 0 ? '' : `, or the name of one that scenarios use: ${names.join(', ')}`;
  throw wrongCommandLine([{ path: '--system', expected: `a file${known}`, found: `'${wanted}', which is neither` }]);
}

async function fromFile(file: string, wanted: string | undefined): Promise<System> {
  const shown = relative(process.cwd(), file);
  const exported = await importFile(file, shown);
  const systems = new Map(Object.values(exported).flatMap((value) => (isSystem(value) ? [[value.name, value] as const] : [])));
  const names = [...systems.keys()];
  const [only, ...more] = systems.values();
  if (only === undefined)
    throw new UsageError(
      `Cannot read a system from ${shown} as it must export one (export const shop = defineSystem({ … })): it exports none`,
    );
  if (wanted !== undefined) {
    const named = systems.get(wanted);
    if (named !== undefined) return named;
    throw wrongCommandLine([{ path: '--system', expected: `a system of ${shown}: ${names.join(', ')}`, found: `'${wanted}'` }]);
  }
  if (more.length === 0) return only;
  const choices = names.map((name) => `--system ${shown}#${name}`).join(' or ');
  throw wrongCommandLine([{ path: '--system', expected: `one system: ${choices}`, found: `a file with ${names.length}` }]);
}

async function importFile(file: string, shown: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    if (isUsageError(error)) throw new UsageError(`Cannot read a system from ${shown} as it is wrong:`, problemsIn(shown, error));
    throw new UsageError(`Cannot read a system from ${shown}: ${importFailure(error)}`);
  }
}

function isSystem(value: unknown): value is System {
  if (typeof value !== 'object' || value === null) return false;
  const { name, entry, services, edges, breakers } = value as Readonly<Record<string, unknown>>;
  const isNamed = typeof name === 'string' && typeof entry === 'string';
  return isNamed && typeof services === 'object' && Array.isArray(edges) && typeof breakers === 'object';
}
