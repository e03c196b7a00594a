import type { Finding } from '../model/finding.ts';
import type { RunVerdict } from '../model/outcome.ts';
import { PHASES } from '../model/plan.ts';
import type { Recording, RunInfo } from '../model/recording.ts';
import type { Fingerprint, JudgedPhase, RunStatistics, UnusableRun } from '../model/run-statistics.ts';
import { edgeStatistics } from './edge-statistics.ts';
import { evidenceOf } from './evidence.ts';
import { exercisedIn } from './exercised.ts';
import { faultStatistics } from './fault-statistics.ts';
import { phaseStatistics } from './phase-statistics.ts';
import { withoutUnsent } from './unsent.ts';

/**
 * What a judged run contributes to a gate. An invalid run contributes nothing: it measured something else than what was asked. The same recording gives the
 * same statistics.
 */
export function runStatistics(recording: Recording, { verdict, sentence, findings }: RunVerdict): RunStatistics | UnusableRun {
  if (verdict === 'invalid') return { unusable: sentence };
  const { run } = recording;
  const { scenario, system, seed, environment, driver, pace, overrides } = run.plan;
  const evidence = evidenceOf(recording);
  const sent = withoutUnsent(recording);
  const noise = {
    baseline: noiseUpTo('baseline', findings),
    fault: noiseUpTo('fault', findings),
    recovery: noiseUpTo('recovery', findings),
  };
  return {
    schemaVersion: 1,
    scenario: { name: scenario.name, hash: scenario.hash, tags: scenario.tags, system: system.name },
    runId: run.runId,
    startedAt: run.startedAt,
    seed,
    environment,
    driver,
    pace,
    overrides,
    fingerprint: fingerprintOf(run),
    verdict,
    noiseMs: noise,
    metrics: {
      faults: faultStatistics({ evidence, withoutUnsent: sent === null ? null : evidenceOf(sent), noiseMs: noise.recovery }),
      phases: phaseStatistics(evidence),
      edges: edgeStatistics(evidence),
    },
    exercised: exercisedIn(evidence, findings),
  };
}

/** The largest delay that guards of timing saw in this phase or before it, in milliseconds; the whole run's where a guard cannot tell phases apart. */
function noiseUpTo(phase: JudgedPhase, findings: readonly Pick<Finding, 'guard' | 'verdict' | 'noiseMs' | 'noiseIn'>[]): number {
  const until = PHASES.slice(0, PHASES.indexOf(phase) + 1);
  const seen = findings.flatMap(({ guard, verdict, noiseMs, noiseIn }) => {
    if (!guard || verdict !== 'inconclusive' || noiseMs === undefined) return [];
    return noiseIn === undefined ? [noiseMs] : until.map((name) => noiseIn[name] ?? 0);
  });
  return Math.max(0, ...seen);
}

function fingerprintOf({ versions, fingerprint }: RunInfo): Fingerprint {
  const text = (value: string | number | undefined): string => (value === undefined ? 'unknown' : String(value));
  const { cores } = fingerprint;
  return {
    cores: typeof cores === 'number' ? cores : null,
    cpu: text(fingerprint['cpu']),
    platform: text(fingerprint['platform']),
    arch: text(fingerprint['arch']),
    node: text(versions['node']),
    halfopen: text(versions['halfopen']),
  };
}
