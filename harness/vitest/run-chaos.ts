import { randomInt } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { defineConfig, type Config, type Plan, type Recording, type Scenario, type ScenarioOutcome } from '../index.ts';
import { HarnessError } from '../model/problem.ts';
import { planScenario, runScenario, scenarioOutcome, suiteOutcome, type PlanRequest } from '../pipeline.ts';
import { readPictures } from '../recording/index.ts';
import { reporters } from '../report/index.ts';

/** How a scenario is run inside a test. */
export interface ChaosOptions {
  /** @default the one of `HALFOPEN_SEED`, else the configuration's, else random; a failure names it */
  readonly seed?: number;
  /** @default 'full' */
  readonly pace?: Plan['pace'];
  /** Variables by service, as `--set` sets them. @default {} */
  readonly set?: Plan['overrides'];
  /** @default the configuration's */
  readonly environment?: string;
  /** The load driver. @default the configuration's, else the one that the load asks for */
  readonly load?: string;
  /** What `halfopen.config.ts` would hold; that file is not read. @default the defaults */
  readonly config?: Partial<Config>;
  /** Folder that the services' commands count from. @default the current one: vitest's root */
  readonly projectFolder?: string;
  /** Folder that gets a folder of its own for each run, relative to `projectFolder`. @default 'reports/vitest' */
  readonly output?: string;
  /** Ends the run early. */
  readonly signal?: AbortSignal;
}

/** A run that was carried out and judged. */
export interface ChaosRun {
  readonly outcome: ScenarioOutcome;
  readonly recording: Recording;
  /** Absolute path of the run's folder: recording, logs, report. */
  readonly runFolder: string;
  /** Absolute path of the run's HTML report. */
  readonly report: string;
}

/**
 * Runs a scenario once and judges it, whatever the verdict.
 *
 * @example
 * ```ts
 * import { defineScenario, defineSystem, availability, get, openLoad } from 'halfopen';
 * import { runChaos } from 'halfopen/vitest';
 * import { expect, test } from 'vitest';
 *
 * const shop = defineSystem({ name: 'shop', entry: 'web', services: { web: { command: ['node', 'web.mjs'] } } });
 * const calm = defineScenario(shop, {
 *   title: 'Nothing happens',
 *   load: openLoad({ ratePerSecond: 20, requests: [get('home', '/')] }),
 *   baseline: '3s',
 *   faults: [],
 *   recovery: '2s',
 *   expect: [availability({ during: 'baseline', min: 0.99 })],
 * });
 * test('all is well', async () => {
 *   expect(await runChaos(calm, { seed: 7 })).toHavePassed();
 * });
 * ```
 * @throws {UsageError} with all problems of the scenario, before anything is started
 * @throws {HarnessError} if the run could not be carried out
 */
export async function runChaos(scenario: Scenario, options: ChaosOptions = {}): Promise<ChaosRun> {
  const startedMs = performance.now();
  const named = withName(scenario);
  const request = planRequest(options);
  planScenario(named, request);
  const projectFolder = resolve(options.projectFolder ?? '.');
  const output = resolve(projectFolder, options.output ?? 'reports/vitest');
  const runFolder = makeFolder(join(output, named.name));
  const result = await runScenario(named, {
    ...request,
    runFolder,
    projectFolder,
    signal: options.signal ?? new AbortController().signal,
  });
  const { recording, verdict } = result;
  const facts = {
    name: named.name,
    title: recording.run.plan.scenario.title,
    seed: request.seed,
    environment: request.environment,
    runId: recording.run.runId,
    folder: relative(output, runFolder),
    durationMs: Math.round(performance.now() - startedMs),
    replay: `HALFOPEN_SEED=${request.seed} npx vitest run -t '${scenario.title.replaceAll("'", `'\\''`)}'`,
  };
  const outcome = scenarioOutcome(facts, result);
  const suite = suiteOutcome([outcome]);
  const { html, json } = reporters;
  const report = join(runFolder, html.file);
  const pictures = readPictures(runFolder, recording.events);
  writeFileSync(report, await html.render(suite, [html.digest({ recording, verdict, index: 0, pictures })]));
  writeFileSync(join(runFolder, json.file), await json.render(suite, [null]));
  return { outcome, recording, runFolder, report };
}

/** What a plan is made of, with everything that was left out filled in. */
export function planRequest({ config = {}, seed, pace = 'full', set = {}, environment, load, projectFolder }: ChaosOptions): PlanRequest {
  const full = defineConfig(config);
  return {
    config: full,
    environment: environment ?? full.environment,
    seed: seed ?? seedAsked() ?? full.seed ?? randomInt(2 ** 32),
    pace,
    overrides: set,
    projectFolder: resolve(projectFolder ?? '.'),
    ...(load === undefined ? {} : { driver: load }),
  };
}

/** What is no number is refused with the plan. */
function seedAsked(): number | undefined {
  const text = process.env['HALFOPEN_SEED'];
  return text === undefined || text === '' ? undefined : Number(text);
}

/** A scenario that was imported by a test has not been named after its file. */
export function withName(scenario: Scenario): Scenario {
  if (scenario.name !== '') return scenario;
  const slug = scenario.title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return { ...scenario, name: slug === '' ? 'scenario' : slug };
}

function makeFolder(parent: string): string {
  try {
    mkdirSync(parent, { recursive: true });
    return mkdtempSync(
      join(
        parent,
        `${new Date()
          .toISOString()
          .replace(/\.\d+Z$/, 'Z')
          .replaceAll(':', '-')}-`,
      ),
    );
  } catch (cause) {
    throw new HarnessError(`Cannot make a folder for the run in ${parent}: ${(cause as Error).message}. Choose another with 'output'`, {
      cause,
    });
  }
}
