import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError, planScenario } from '../../harness/index.ts';
import type { Config, Scenario } from '../../harness/model/scenario.ts';
import { TWINS, type Twin } from '../../test/corpus/twins.ts';
import { cellsOf, reportOf, type Cells, type ScenarioRow } from './matrix.ts';
import type { Proof, ProofOptions, Proven } from './proof.ts';

const ENVIRONMENTS = ['embedded', 'docker', 'compose'] as const;
const TWIN_ENVIRONMENTS = ['embedded', 'docker'] as const;
type Environment = (typeof ENVIRONMENTS)[number];
const SEED = 7;

export const dockerMatrixProof: Proof = {
  name: 'docker-matrix',
  title: 'The same scenarios without containers, in Docker, and by compose',
  run,
};

/** `--runs n` takes the first n scenarios and twins only. */
async function run(options: ProofOptions): Promise<Proven> {
  const { default: config } = (await import(join(options.projectFolder, 'halfopen.config.ts'))) as { default: Config };
  const names = readdirSync(join(options.projectFolder, 'scenarios')).flatMap((file) => /^(.+)\.chaos\.ts$/.exec(file)?.[1] ?? []);
  const scenarios: ScenarioRow<Environment>[] = [];
  for (const name of names.toSorted().slice(0, options.runs)) {
    const { default: scenario } = (await import(join(options.projectFolder, 'scenarios', `${name}.chaos.ts`))) as { default: Scenario };
    const possible = ENVIRONMENTS.filter((environment) => canRun({ ...scenario, name }, config, environment));
    const caseIn = (environment: Environment) => ({ scenario: name, environment, seed: SEED });
    scenarios.push({ name, cells: await cellsOf(possible, { id: `correct ${name}`, caseIn }, options) });
  }
  const twins = new Map<Twin, Cells<Environment>>();
  // Docker first: without containers the corpus runs them as well.
  for (const environment of TWIN_ENVIRONMENTS.toReversed()) {
    for (const twin of TWINS.slice(0, options.runs)) {
      if (!twin.environments.includes(environment)) continue;
      const set = `${twin.service}.DEFECT=${twin.defect}`;
      const caseIn = () => ({ scenario: twin.scenario, environment, seed: SEED, set });
      const cells = await cellsOf([environment], { id: `twin ${twin.scenario} ${set}`, caseIn }, options);
      twins.set(twin, { ...twins.get(twin), ...cells });
    }
  }
  return reportOf(
    {
      columns: ENVIRONMENTS,
      twinColumns: TWIN_ENVIRONMENTS,
      scenarios,
      twins: TWINS.slice(0, options.runs).map((twin) => ({ twin, cells: twins.get(twin) ?? {} })),
      words: { sameReason: 'in Docker as without', columns: 'environments', wherever: 'wherever it can run' },
    },
    `Each run by the command line, \`--pace fast\`, seed ${SEED}; a run that the machine was too busy for is repeated with the next seed, and counted.`,
  );
}

function canRun(scenario: Scenario, config: Config, environment: string): boolean {
  try {
    planScenario(scenario, { config, environment, seed: SEED, pace: 'fast', overrides: {} });
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}
