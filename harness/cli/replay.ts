import type { Plan } from '../model/plan.ts';
import { redactorOf } from '../model/redact.ts';
import type { Config } from '../model/scenario.ts';

export interface ReplayParts extends Pick<Plan, 'environment' | 'seed' | 'pace' | 'overrides'> {
  readonly name: string;
  readonly config: Config;
  /** Absent where nobody has asked for one. */
  readonly driver?: string | undefined;
  /** As it was named on the command line; absent where it was found. */
  readonly configNamed?: string;
}

/** The command that runs this again. Values that are secrets are not in it. */
export function replayCommand({ name, config, configNamed, environment, driver, seed, pace, overrides }: ReplayParts): string {
  const shown = redactorOf(config.redact).value(overrides);
  return [
    'npx halfopen run',
    quoted(name),
    `--seed ${seed}`,
    ...(environment === config.environment ? [] : [`--env ${quoted(environment)}`]),
    ...(driver === undefined || driver === config.load ? [] : [`--load ${quoted(driver)}`]),
    ...(pace === 'full' ? [] : [`--pace ${pace}`]),
    ...Object.entries(shown).flatMap(([service, variables]) =>
      Object.entries(variables).map(([variable, value]) => `--set ${quoted(`${service}.${variable}=${value}`)}`),
    ),
    ...(configNamed === undefined ? [] : [`--config ${quoted(configNamed)}`]),
  ].join(' ');
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
