import type { JudgedFinding } from '../model/outcome.ts';
import type { PlannedFault } from '../model/plan.ts';
import type { Exercised } from '../model/run-statistics.ts';
import type { Field } from '../model/shape.ts';
import { checks } from './checks/index.ts';
import type { Check } from './checks/contract.ts';
import type { Evidence } from './evidence.ts';
import { isFeltOn } from './guards/fault-was-felt.ts';

/** Phases that a fault shapes: an expectation on the baseline says nothing of it. */
const SHAPED_PHASES = ['fault', 'recovery'];

/**
 * Which faults were felt on which edges, and whether an expectation was decided that is about them: one that names the fault, the edge, a breaker on
 * that edge, or the phase of the faults or of the recovery.
 */
export function exercisedIn(evidence: Evidence, findings: readonly JudgedFinding[]): readonly Exercised[] {
  const decided = findings.filter(
    ({ guard, reported, verdict }) => !guard && reported !== true && (verdict === 'pass' || verdict === 'fail'),
  );
  return evidence.plan.faults.flatMap((fault) =>
    fault.reach.edges
      .filter((edge) => isFeltOn(edge, fault, evidence))
      .map((edge) => ({
        edge,
        kind: fault.fault.kind,
        fault: fault.name,
        isAsserted: decided.some(({ expectation }) => expectation !== undefined && isAbout(expectation, edge, fault, evidence)),
      })),
  );
}

function isAbout(
  expectation: Readonly<Record<string, unknown>>,
  edge: string,
  { name }: PlannedFault,
  { plan: { system } }: Evidence,
): boolean {
  const onEdge = Object.keys(system.breakers).filter((breaker) => system.breakers[breaker]?.edge === edge);
  const wanted: Partial<Record<Field['type'], readonly string[]>> = { fault: [name], edge: [edge], breaker: onEdge };
  return Object.entries(schemaOf(expectation['check'])).some(([key, field]) => {
    const named = [expectation[key]].flat();
    const asked = key === 'phase' ? SHAPED_PHASES : (wanted[field.type] ?? []);
    return named.some((value) => typeof value === 'string' && asked.includes(value));
  });
}

function schemaOf(check: unknown): Check['schema'] {
  const table: Readonly<Record<string, Pick<Check, 'schema'>>> = checks;
  return typeof check === 'string' && Object.hasOwn(table, check) ? (table[check]?.schema ?? {}) : {};
}
