import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineConfig } from '../index.ts';
import { UsageError } from '../model/problem.ts';
import type { Config } from '../model/scenario.ts';
import { importFailure, isUsageError, problemsIn } from './failure.ts';

/** The configuration and the folder that its paths and the services' commands count from. */
export interface Project {
  readonly folder: string;
  /** The configuration's file; null where there is none and the defaults hold. */
  readonly configFile: string | null;
  readonly config: Config;
}

const CONFIG_FILES = ['halfopen.config.ts', 'halfopen.config.js', 'halfopen.config.mjs'] as const;

/**
 * Finds and reads the configuration: the file that was named, else the nearest one upwards, else the defaults.
 *
 * @throws {UsageError} if it is missing, cannot be imported, or is wrong
 */
export async function openProject(cwd: string, named?: string): Promise<Project> {
  const file = named === undefined ? nearestConfig(cwd) : resolve(cwd, named);
  if (file === null) return { folder: cwd, configFile: null, config: defineConfig({}) };
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new UsageError(
      `Cannot read the configuration as '--config' must be a file: ${file} ${existsSync(file) ? 'is none' : 'does not exist'}`,
    );
  }
  return { folder: dirname(file), configFile: file, config: await readConfig(file) };
}

function nearestConfig(folder: string): string | null {
  for (const name of CONFIG_FILES) {
    const path = join(folder, name);
    if (existsSync(path)) return path;
  }
  const parent = dirname(folder);
  return parent === folder ? null : nearestConfig(parent);
}

async function readConfig(file: string): Promise<Config> {
  let exported: unknown;
  try {
    exported = ((await import(pathToFileURL(file).href)) as { readonly default?: unknown }).default;
  } catch (error) {
    if (isUsageError(error)) throw new UsageError(`Cannot read the configuration ${file} as it is wrong:`, problemsIn('config', error));
    throw new UsageError(`Cannot read the configuration ${file}: ${importFailure(error)}`);
  }
  if (exported === undefined) {
    throw new UsageError(
      `Cannot read the configuration ${file} as it must have a default export: write export default defineConfig({ … })`,
    );
  }
  try {
    return defineConfig(exported as Partial<Config>);
  } catch (error) {
    if (!isUsageError(error)) throw error;
    throw new UsageError(`Cannot read the configuration ${file} as it is wrong:`, problemsIn('config', error));
  }
}
