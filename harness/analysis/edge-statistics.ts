import type { EdgeStatistics, Measured } from '../model/run-statistics.ts';
import type { PlannedFault } from '../model/plan.ts';
import { CALLERS_NEEDED } from './checks/retries.ts';
import { callsByTrace, UNTRACED_MAX } from './checks/traffic.ts';
import type { Evidence } from './evidence.ts';

/** How often calls were repeated on each edge while each fault was in force: a fault on one edge may multiply the calls on another. */
export function edgeStatistics(evidence: Evidence): readonly EdgeStatistics[] {
  const { faults, system, powers } = evidence.plan;
  if (!powers.includes('tap')) return [];
  return faults.flatMap((fault) => system.edges.map(({ name }) => statisticsOf(name, fault, evidence)));
}

function statisticsOf(edge: string, { name: fault }: PlannedFault, evidence: Evidence): EdgeStatistics {
  const span = evidence.faultSpan(fault);
  const calls = span === null ? [] : evidence.exchangesIn(span, edge);
  const { traces, untraced } = callsByTrace(calls);
  const about = { edge, fault, samples: traces.size };
  const unknown = (reason: string): EdgeStatistics => ({ ...about, amplification: { unknown: reason } satisfies Measured });
  if (span === null) return unknown('the fault was never in force');
  if (untraced > calls.length * UNTRACED_MAX) return unknown(`${untraced} of ${calls.length} calls carry no trace id`);
  if (traces.size < CALLERS_NEEDED) return unknown(`${traces.size} requests called there, and fewer than ${CALLERS_NEEDED} say nothing`);
  return { ...about, amplification: { value: Math.round(((calls.length - untraced) / traces.size) * 1e4) / 1e4 } };
}
