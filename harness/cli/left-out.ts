import { needsOfScenario } from '../pipeline.ts';
import type { LeftOut } from '../model/outcome.ts';
import { isProgram } from '../model/problem.ts';
import { isUsageError } from './failure.ts';
import type { LoadedScenario } from './scenarios.ts';

/** What of a choice can run in an environment. */
export interface Sorted {
  readonly able: readonly LoadedScenario[];
  readonly leftOut: readonly LeftOut[];
}

/** Parts scenarios that an environment can run from those that need what it lacks. What is declared wrongly stays: it is to be refused. */
export function sortByPlace(chosen: readonly LoadedScenario[], environment: string, redact: (text: string) => string): Sorted {
  const sorted = chosen.map((loaded) => ({ loaded, leftOut: leftOutOf(loaded, environment, redact) }));
  return {
    able: sorted.flatMap(({ loaded, leftOut }) => (leftOut === null ? [loaded] : [])),
    leftOut: sorted.flatMap(({ leftOut }) => leftOut ?? []),
  };
}

function leftOutOf({ scenario }: LoadedScenario, environment: string, redact: (text: string) => string): LeftOut | null {
  const { lacked } = placesOf(scenario) ?? {};
  const missing = lacked?.[environment] ?? [];
  if (lacked === undefined || missing.length === 0) return null;
  const able = Object.keys(lacked).filter((name) => lacked[name]?.length === 0);
  const reasons = missing.map(({ power, reason }) => (reason === undefined ? power : `${power}: ${reason}`));
  return {
    name: scenario.name,
    title: redact(scenario.title),
    environment,
    lacks: missing.map(({ power }) => power),
    sentence: `'${environment}' lacks what it needs (${reasons.join('; ')})`,
    ...(able.length === 0 ? {} : { wayOut: able.map((name) => `--env ${name}`).join(' or ') }),
  };
}

/** What a scenario needs and where it can run; null where what it declares is wrong. */
export function placesOf(scenario: LoadedScenario['scenario']): ReturnType<typeof needsOfScenario> | null {
  try {
    return needsOfScenario(scenario);
  } catch (error) {
    if (isUsageError(error)) return null;
    throw error;
  }
}

/** For the terminal: which, why, and what would make it run. */
export function leftOutLine({ name, lacks, sentence, wayOut }: LeftOut): string {
  return `left out: ${name}, as ${sentence}; ${wayOut === undefined ? (lacks.some(isProgram) ? 'the other scenarios do without it' : 'no environment has all of it') : `way out: halfopen run ${name} ${wayOut}`}`;
}
