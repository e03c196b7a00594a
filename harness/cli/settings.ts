import { catalogue } from '../pipeline.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';
import type { Config } from '../model/scenario.ts';
import type { CommandCall, Flag } from './contract.ts';
import { listOption, textOption, unknownName, wholeOption, wrongCommandLine } from './options.ts';
import type { LoadedScenario } from './scenarios.ts';

/** Flags of every command that makes plans. */
export const PLAN_FLAGS: readonly Flag[] = [
  { flags: '-c, --config <file>', description: 'configuration (default: the nearest halfopen.config.ts|js|mjs upwards)' },
  { flags: '--env <name>', description: "environment (default: the configuration's)" },
  {
    flags: '--load <driver>',
    description: `who sends the load: ${Object.keys(catalogue.loads).join(', ')} (default: what the load asks for)`,
  },
  { flags: '--seed <n>', description: 'fixes arrivals, values and shares (default: random, printed)' },
  { flags: '--pace <pace>', description: "full, or the scenarios' shorter timeline: fast (default: full)" },
  { flags: '--set <service.VAR=value>', description: "sets a variable of a service's environment; may be repeated", repeatable: true },
];

/** How scenarios are to be run, whichever they are. */
export interface Settings {
  readonly environment: string;
  /** Undefined where nobody has said: then each load has the one that it asks for. */
  readonly driver: string | undefined;
  /** Undefined where nobody has said: then it is drawn. */
  readonly seed: number | undefined;
  readonly pace: Plan['pace'];
  readonly overrides: Plan['overrides'];
}

const SEED_MAX = 0xffff_ffff;

/** Reads `PLAN_FLAGS`; what is wrong with them is added to `problems`, and must be thrown before the settings are used. */
export function readSettings({ options }: CommandCall, config: Config, problems: Problem[]): Settings {
  const environment = textOption(options, 'env') ?? config.environment;
  const environments = Object.keys(catalogue.environments);
  if (!environments.includes(environment))
    problems.push(unknownName(textOption(options, 'env') === undefined ? 'config › environment' : '--env', environment, environments));
  const driver = textOption(options, 'load') ?? config.load;
  const drivers = Object.keys(catalogue.loads);
  if (driver !== undefined && !drivers.includes(driver))
    problems.push(unknownName(textOption(options, 'load') === undefined ? 'config › load' : '--load', driver, drivers));
  const pace = textOption(options, 'pace') ?? 'full';
  if (pace !== 'full' && pace !== 'fast') problems.push(unknownName('--pace', pace, ['full', 'fast']));
  const seed = wholeOption(options, { name: 'seed', min: 0, max: SEED_MAX }, problems) ?? config.seed;
  const overrides = readOverrides(listOption(options, 'set'), problems);
  return { environment, driver, seed, pace: pace === 'fast' ? 'fast' : 'full', overrides };
}

function readOverrides(entries: readonly string[], problems: Problem[]): Plan['overrides'] {
  const overrides: Record<string, Record<string, string>> = {};
  for (const entry of entries) {
    // Names of services may hold dots, names of variables cannot.
    const match = /^([^=]+)\.([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(entry);
    const [, service, variable, value] = match ?? [];
    if (service === undefined || variable === undefined || value === undefined) {
      problems.push({ path: '--set', expected: 'service.VAR=value', found: show(entry) });
      continue;
    }
    (overrides[service] ??= {})[variable] = value;
  }
  return overrides;
}

/** The overrides that concern one scenario: those of its own services. */
export function overridesFor({ scenario }: LoadedScenario, overrides: Plan['overrides']): Plan['overrides'] {
  const services = servicesOf(scenario);
  return Object.fromEntries(Object.entries(overrides).filter(([service]) => services.includes(service)));
}

/**
 * Refuses overrides of services that no chosen scenario has.
 *
 * @throws {UsageError} with all of them, and near names
 */
export function demandKnownServices(chosen: readonly LoadedScenario[], overrides: Plan['overrides']): void {
  const known = [...new Set(chosen.flatMap(({ scenario }) => servicesOf(scenario)))];
  const unknown = Object.keys(overrides).filter((service) => !known.includes(service));
  if (unknown.length > 0) throw wrongCommandLine(unknown.map((service) => unknownName('--set', service, known)));
}

/** What was loaded is not checked yet: a scenario may have no system. */
function servicesOf(scenario: LoadedScenario['scenario']): readonly string[] {
  const services = (scenario.system as Partial<LoadedScenario['scenario']['system']> | undefined)?.services;
  return typeof services === 'object' && services !== null ? Object.keys(services) : [];
}
