import type { PhaseName } from '../../model/plan.ts';
import type { RequestRow } from '../../model/recording.ts';
import type { System } from '../../model/system.ts';
import type { Guard } from '../checks/contract.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import { quantile } from '../quantile.ts';
import { responseMs } from '../series.ts';
import { JUDGED_PHASES } from '../../model/run-statistics.ts';
import { guardFinding, roundMs, type GuardResult } from './guard-finding.ts';

/** Fewer samples than this say nothing about a phase. */
const SAMPLES_MIN = 10;
/** Largest share of sentinel requests in a phase that may fail. */
const FAILED_RATIO_MAX = 0.05;

/**
 * The sentinel asks an echo service that no fault touches: what it waited, the machine added. A user's request crosses
 * more processes than the sentinel does, so what one hop lost counts once for each service on the way to the furthest one. It asks for
 * hardly any work, though: services that get too little processor time for theirs fall behind. They can do so only while it is scarce,
 * which is as large a share of the time as that of the sentinel's requests that waited for too long.
 */
export const machineWasQuiet: Guard = {
  check: 'machine-was-quiet',
  evaluate(evidence) {
    const phases = JUDGED_PHASES.map((phase) => sampled(phase, evidence));
    const unseen = phases.find(({ rows, needed }) => rows.length < needed);
    if (unseen !== undefined) {
      const values = { phase: unseen.phase, samples: unseen.rows.length, needed: unseen.needed };
      return [said({ verdict: 'inconclusive', code: 'sentinel-too-few', values, noiseMs: evidence.endUs / 1000 })];
    }
    const failing = phases.find(({ rows, failed }) => failed.length > FAILED_RATIO_MAX * rows.length);
    if (failing !== undefined) {
      const values = { phase: failing.phase, samples: failing.rows.length, failed: failing.failed.length };
      return [said({ verdict: 'inconclusive', code: 'sentinel-failed', values, noiseMs: evidence.endUs / 1000 })];
    }
    return [judgeNoise(phases, evidence)];
  },
};

function judgeNoise(phases: readonly Sampled[], evidence: Evidence) {
  const limitMs = evidence.plan.guards.sentinelP95MsMax;
  const worst = phases.reduce((noisiest, phase) => (phase.p95Ms > noisiest.p95Ms ? phase : noisiest));
  const p99Ms = Math.max(...phases.map((phase) => phase.p99Ms));
  const isLoud = worst.p95Ms > limitMs;
  const hops = hopsOf(evidence.plan.system);
  const backlogIn = Object.fromEntries(phases.map((sample) => [sample.phase, scarceMs(sample, evidence)]));
  return said({
    verdict: isLoud ? 'inconclusive' : 'pass',
    code: isLoud ? 'machine-loud' : 'machine-quiet',
    values: {
      phase: worst.phase,
      p95Ms: worst.p95Ms,
      maxMs: limitMs,
      p99Ms,
      hops,
      samples: worst.rows.length,
      scarceMs: backlogIn[worst.phase] ?? 0,
    },
    expected: { value: limitMs, unit: 'ms' },
    measured: { value: worst.p95Ms, unit: 'ms' },
    ...(isLoud
      ? {
          noiseMs: p99Ms * hops,
          noiseIn: Object.fromEntries(phases.map((sample) => [sample.phase, roundMs(sample.p99Ms * hops)])),
          backlogIn,
          evidence: [cite('requests', [], evidence.phase(worst.phase) ?? undefined)],
        }
      : {}),
  });
}

/** For how long processor time was scarce in a phase, in milliseconds. */
function scarceMs({ phase, rows }: Sampled, evidence: Evidence): number {
  const span = evidence.phase(phase);
  if (span === null || rows.length === 0) return 0;
  const late = rows.filter((row) => responseMs(row) > evidence.plan.guards.sentinelP95MsMax);
  return roundMs(((late.length / rows.length) * (span.toUs - span.fromUs)) / 1000);
}

interface Sampled {
  readonly phase: PhaseName;
  readonly rows: readonly RequestRow[];
  readonly failed: readonly RequestRow[];
  readonly needed: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

function sampled(phase: PhaseName, evidence: Evidence): Sampled {
  const span = evidence.phase(phase);
  const rows =
    span === null ? [] : evidence.recording.sentinel.filter(({ intendedUs }) => intendedUs >= span.fromUs && intendedUs < span.toUs);
  const planned = span === null ? 0 : (span.toUs - span.fromUs) / evidence.plan.sentinelEveryUs;
  const waitsMs = rows.map(responseMs);
  return {
    phase,
    rows,
    failed: rows.filter(({ outcome }) => outcome !== 'ok'),
    needed: Math.max(SAMPLES_MIN, Math.floor(planned / 2)),
    p95Ms: roundMs(quantile(waitsMs, 0.95) ?? 0),
    p99Ms: roundMs(quantile(waitsMs, 0.99) ?? 0),
  };
}

/** Services on the way from the entry to the one furthest from it, both included. */
function hopsOf({ entry, edges }: System): number {
  const reached = new Set([entry]);
  let hops = 0;
  for (let front = [entry]; front.length > 0; hops++) {
    const callees = edges.filter(({ caller }) => front.includes(caller)).map(({ callee }) => callee);
    front = [...new Set(callees)].filter((callee) => !reached.has(callee));
    for (const callee of front) reached.add(callee);
  }
  return hops;
}

function said(result: Omit<GuardResult, 'check' | 'subject'>) {
  return guardFinding({ check: machineWasQuiet.check, subject: 'machine', ...result });
}
