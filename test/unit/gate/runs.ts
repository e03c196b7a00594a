import type { Exercised, FaultStatistics, PhaseStatistics, RunStatistics } from '../../../harness/model/run-statistics.ts';
import { sloOf, type Slo, type SloDeclaration } from '../../../harness/model/slo.ts';

const UNKNOWN = { unknown: 'not asked', resolutionMs: 0 } as const;

export const SERVED_AGAIN = { availability: 0.99, p95Ms: 300, holdForMs: 1000 };

export function faultOf(fields: Partial<FaultStatistics>): FaultStatistics {
  return {
    fault: 'storm',
    servedAgain: SERVED_AGAIN,
    recovery: UNKNOWN,
    containment: UNKNOWN,
    readmission: UNKNOWN,
    drain: UNKNOWN,
    ...fields,
  };
}

export function phaseOf(fields: Partial<PhaseStatistics>): PhaseStatistics {
  return {
    phase: 'fault',
    samples: 200,
    availability: { value: 0.99 },
    wrongAnswers: { value: 0 },
    latency: [{ quantile: 0.95, value: 100 }],
    ...fields,
  };
}

export interface RunSketch extends Partial<Omit<RunStatistics, 'scenario' | 'metrics' | 'exercised'>> {
  readonly scenario?: Partial<RunStatistics['scenario']>;
  readonly faults?: readonly FaultStatistics[];
  readonly phases?: readonly PhaseStatistics[];
  readonly edges?: RunStatistics['metrics']['edges'];
  readonly exercised?: readonly Exercised[];
}

/** A quiet run of `outage` on the shop that measured nothing but what is given. */
export function runOf({ scenario, faults = [], phases = [], edges = [], exercised = [], ...rest }: RunSketch): RunStatistics {
  return {
    schemaVersion: 1,
    scenario: { name: 'outage', hash: 'a1', tags: ['@smoke'], system: 'shop', ...scenario },
    runId: 'run-1',
    startedAt: '2026-01-01T00:00:00.000Z',
    seed: 1,
    environment: 'embedded',
    driver: 'builtin',
    pace: 'full',
    overrides: {},
    fingerprint: { cores: 2, cpu: 'a cpu', platform: 'linux', arch: 'x64', node: '24.0.0', halfopen: '0.1.0' },
    verdict: 'pass',
    noiseMs: { baseline: 0, fault: 0, recovery: 0 },
    metrics: { faults, phases, edges },
    exercised,
    ...rest,
  };
}

export function slo(declaration: Partial<SloDeclaration>): Slo {
  return sloOf({ name: 'an-slo', objective: 'recovery', bound: '10s', ...declaration });
}
