import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { analyze } from '../../harness/analysis/analyze.ts';
import { defineConfig, planScenario } from '../../harness/index.ts';
import type { Finding } from '../../harness/model/finding.ts';
import type { Plan } from '../../harness/model/plan.ts';
import { seededRandom } from '../../harness/model/random.ts';
import { plantedRecording, type Planted } from './planted-recording.ts';
import { plantedScenario } from './planted-scenario.ts';
import type { ProofOptions } from './proof.ts';
import { runCase } from './run-case.ts';

/** One measured recovery beside the true one, in milliseconds; null where none was measured. */
export interface RecoveryError {
  readonly trueMs: number;
  readonly measuredMs: number | null;
  readonly resolutionMs: number;
}

export interface RecoveryErrors {
  readonly cases: number;
  readonly unmeasured: number;
  readonly biasMs: number;
  readonly maxErrorMs: number;
  readonly maxErrorBuckets: number;
  /** Share of the cases in which the truth lies in the interval that reports state: the value ± its resolution. */
  readonly coverage: number;
  /** Share of the cases in which it lies where the verdict looks: from one resolution before the value to the value. */
  readonly coverageBefore: number;
}

export function summariseErrors(errors: readonly RecoveryError[]): RecoveryErrors {
  const measured = errors.flatMap(({ measuredMs, trueMs, resolutionMs }) =>
    measuredMs === null ? [] : [{ errorMs: measuredMs - trueMs, resolutionMs }],
  );
  const sizes = measured.map(({ errorMs }) => Math.abs(errorMs));
  return {
    cases: errors.length,
    unmeasured: errors.length - measured.length,
    biasMs: measured.reduce((sum, { errorMs }) => sum + errorMs, 0) / measured.length,
    maxErrorMs: Math.max(...sizes),
    maxErrorBuckets: Math.max(...measured.map(({ errorMs, resolutionMs }) => Math.abs(errorMs) / resolutionMs)),
    coverage: measured.filter(({ errorMs, resolutionMs }) => Math.abs(errorMs) <= resolutionMs).length / errors.length,
    coverageBefore: measured.filter(({ errorMs, resolutionMs }) => errorMs >= 0 && errorMs <= resolutionMs).length / errors.length,
  };
}

export interface InventedSeries {
  readonly ratePerSecond: number;
  readonly availability: number;
  readonly until: Planted['until'];
  readonly strayRatio: number;
}

/** Analyses so many invented recordings, each with a recovery planted at random within 0–3 s. */
export function measureInvented(series: InventedSeries, cases: number, seed = 1): RecoveryError[] {
  const plan = planFor(series);
  const random = seededRandom(seed, `invented ${JSON.stringify(series)}`);
  return Array.from({ length: cases }, (_, index) => {
    const trueMs = random() * 3000;
    const recording = plantedRecording(plan, {
      recoveryMs: trueMs,
      until: series.until,
      strayRatio: series.strayRatio,
      seed: seed * 10_000 + index,
    });
    return errorOf(analyze(recording, plan.expectations), trueMs);
  });
}

function planFor({ ratePerSecond, availability }: InventedSeries): Plan {
  return planScenario(plantedScenario({ ratePerSecond, availability }), {
    config: defineConfig({}),
    environment: 'embedded',
    seed: 7,
    pace: 'full',
    overrides: {},
  });
}

function errorOf(findings: readonly Finding[], trueMs: number): RecoveryError {
  const finding = findings.find(({ check }) => check === 'recovery');
  return { trueMs, measuredMs: finding?.timeline?.recoveryMs ?? null, resolutionMs: finding?.resolutionMs ?? Number.NaN };
}

/** Runs two real services of which the first serves again at a moment that it writes to a file. */
export async function measureReal(index: number, options: ProofOptions): Promise<RecoveryError & { readonly verdict: string }> {
  const plantedMs = Math.round(100 + seededRandom(index, 'planted moment')() * 2400);
  const file = join(options.folder, `planted-${index}`);
  const { recording, verdict, originUs } = await runCase(
    {
      scenario: plantedScenario({ ratePerSecond: 100, availability: 0.95 }),
      seed: index,
      runFolder: join(options.folder, `planted-run-${index}`),
      pace: 'full',
      overrides: { front: { PLANTED_MS: String(plantedMs), PLANTED_FILE: file } },
    },
    options,
  );
  if (!existsSync(file))
    throw new Error(`Cannot compare as ${file} must hold the planted moment: the service has not met the storm (${verdict.sentence})`);
  const servedFromUs = Number(BigInt(readFileSync(file, 'utf8')) / 1000n) - originUs;
  const withdrawn = recording.events.findLast((event) => event.kind === 'fault' && event.step === 'withdrawn');
  if (withdrawn === undefined) throw new Error(`Cannot compare as the storm must have been withdrawn: ${verdict.sentence}`);
  const trueMs = (servedFromUs - withdrawn.atUs) / 1000;
  return { ...errorOf(verdict.findings as unknown as readonly Finding[], trueMs), verdict: verdict.verdict };
}
