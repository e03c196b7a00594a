import { resolve } from 'node:path';
import { UsageError, nearest } from '../model/problem.ts';
import type { Project } from './project.ts';
import type { LoadedScenario } from './scenarios.ts';

/** What was asked for, and what was not found. */
export interface Selection {
  readonly chosen: readonly LoadedScenario[];
  /** Filters that match no scenario: a typing error must not make a run smaller. */
  readonly unmatched: readonly string[];
}

export interface SelectionRequest {
  /** Names, parts of names, or paths; none chooses all. */
  readonly filters: readonly string[];
  /** A regular expression over name, title and tags, without regard to case. */
  readonly grep?: string;
  readonly cwd: string;
  readonly project: Project;
}

/**
 * Chooses scenarios. A filter that is the whole name of one chooses that one alone.
 *
 * @throws {UsageError} if `grep` is no regular expression
 */
export function selectScenarios(loaded: readonly LoadedScenario[], { filters, grep, cwd, project }: SelectionRequest): Selection {
  const matches = filters.map((filter) => loaded.filter((entry) => entry.scenario.name === filter));
  for (const [index, filter] of filters.entries()) {
    if (matches[index]?.length === 0) matches[index] = loaded.filter((entry) => fits(entry, filter, { cwd, project }));
  }
  const unmatched = filters.filter((_, index) => matches[index]?.length === 0);
  const wanted = filters.length === 0 ? loaded : loaded.filter((entry) => matches.some((match) => match.includes(entry)));
  if (grep === undefined) return { chosen: wanted, unmatched };
  const pattern = readPattern(grep);
  const chosen = wanted.filter(({ scenario: { name, title, tags } }) => pattern.test([name, title, ...tags].join(' ')));
  return { chosen, unmatched };
}

function fits({ file, scenario }: LoadedScenario, filter: string, { cwd, project }: Pick<SelectionRequest, 'cwd' | 'project'>): boolean {
  return scenario.name.includes(filter) || file.includes(filter) || resolve(project.folder, file) === resolve(cwd, filter);
}

function readPattern(grep: string): RegExp {
  try {
    return new RegExp(grep, 'i');
  } catch (error) {
    throw new UsageError(`Cannot choose scenarios as '--grep' must be a regular expression: ${(error as Error).message}`);
  }
}

/** What to say when nothing was chosen: what was asked for and what there is. */
export function nothingChosen(loaded: readonly LoadedScenario[], { unmatched }: Selection, { config, folder }: Project): string {
  if (loaded.length === 0) {
    return `There is no scenario in ${config.scenarios.map((entry) => resolve(folder, entry)).join(', ')} (files named *.chaos.ts). Begin with: npx halfopen init`;
  }
  const names = loaded.map(({ scenario }) => scenario.name);
  const hints = unmatched.map((filter) => {
    const near = nearest(filter, names);
    return `  '${filter}' matches none${near === undefined ? '' : ` (did you mean '${near}'?)`}`;
  });
  return ['Nothing matched; nothing was started.', ...hints, 'There is:', ...names.map((name) => `  ${name}`)].join('\n');
}
