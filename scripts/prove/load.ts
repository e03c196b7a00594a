import { join } from 'node:path';
import { UsageError, defineConfig, planScenario } from '../../harness/index.ts';
import type { Config, Scenario } from '../../harness/model/scenario.ts';
import type { LoadDriver } from '../../harness/run/load/contract.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import { TWINS } from '../../test/corpus/twins.ts';
import { builtK6 } from '../bench-load/built-k6.ts';
import { xk6Claim } from './load-xk6.ts';
import { cellsOf, reportOf, type ScenarioRow, type TwinRow } from './matrix.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';

const SCENARIOS = ['payments-outage', 'payments-slow', 'payments-flaky', 'payments-killed', 'catalog-down', 'inventory-partition'] as const;
const SEED = 7;

export const loadProof: Proof = {
  name: 'load',
  title: 'The same scenarios, whatever sends their load',
  run,
};

/** `--runs n` takes the first n scenarios, and the first n twins of those. */
async function run(options: ProofOptions): Promise<Proven> {
  const names = SCENARIOS.slice(0, options.runs);
  const { able, lacking } = await sortedDrivers(await scenarioCalled(names[0] ?? 'payments-outage', options), options);
  for (const { driver, why } of lacking) options.say(`${driver} is left out: ${why}`);
  const scenarios: ScenarioRow<string>[] = [];
  for (const name of names) {
    const caseIn = (load: string) => ({ scenario: name, environment: 'embedded', seed: SEED, load });
    scenarios.push({ name, cells: await cellsOf(able, { id: `correct ${name}`, caseIn }, options) });
  }
  const twins: TwinRow<string>[] = [];
  const known = TWINS.filter(({ environments, scenario }) => environments.includes('embedded') && names.some((name) => name === scenario));
  for (const twin of known.slice(0, options.runs)) {
    const set = `${twin.service}.DEFECT=${twin.defect}`;
    const caseIn = (load: string) => ({ scenario: twin.scenario, environment: 'embedded', seed: SEED, set, load });
    twins.push({ twin, cells: await cellsOf(able, { id: `twin ${twin.scenario} ${set}`, caseIn }, options) });
  }
  const matrix = reportOf(
    {
      columns: able,
      twinColumns: able,
      scenarios,
      twins,
      words: { sameReason: 'whatever sends the load', columns: 'drivers', wherever: `by ${able.join(', ')}` },
    },
    `Each run by the command line, embedded, \`--pace fast\`, seed ${SEED}, \`--load\` as the column says; a run that the machine was too busy for is repeated with the next seed, and counted.`,
  );
  const xk6 = await xk6Claim(await scenarioCalled('payments-outage', options), options);
  return {
    holds: matrix.holds && xk6.holds && lacking.length === 0,
    markdown: [
      ...lacking.map(({ driver, why }) => claim(false, `${driver} can run here: it was left out, because ${why}`)),
      xk6.line,
      matrix.markdown,
    ].join('\n'),
  };
}

async function scenarioCalled(name: string, { projectFolder }: ProofOptions): Promise<Scenario> {
  const { default: scenario } = (await import(join(projectFolder, 'scenarios', `${name}.chaos.ts`))) as { default: Scenario };
  return { ...scenario, name };
}

interface Sorted {
  readonly able: readonly string[];
  readonly lacking: readonly { readonly driver: string; readonly why: string }[];
}

/** Which drivers can send an open load on this machine, the builtin one first. */
async function sortedDrivers(scenario: Scenario, { projectFolder, signal }: ProofOptions): Promise<Sorted> {
  const { default: own } = (await import(join(projectFolder, 'halfopen.config.ts'))) as { default: Config };
  // Where it cannot be built, the driver itself says what is missing.
  await builtK6(signal);
  const able: string[] = [];
  const lacking: { driver: string; why: string }[] = [];
  for (const [driver, row] of Object.entries<LoadDriver>(loadDrivers)) {
    if (!row.accepts.includes('open')) continue;
    const config = defineConfig(own);
    const plan = planScenario(scenario, {
      config,
      environment: 'embedded',
      seed: SEED,
      pace: 'fast',
      overrides: {},
      driver,
      projectFolder,
    });
    try {
      await row.check?.({ plan, projectFolder, signal });
      able.push(driver);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      lacking.push({ driver, why: error.message });
    }
  }
  return { able, lacking };
}
