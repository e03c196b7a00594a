import type { Finding } from '../model/finding.ts';
import type { Recording } from '../model/recording.ts';
import type { Expectation } from '../model/scenario.ts';
import type { Check, Guard } from './checks/contract.ts';
import { checks as everyCheck } from './checks/index.ts';
import { evidenceOf, type Evidence } from './evidence.ts';
import { guards as everyGuard } from './guards/index.ts';
import { evaluatedForAll } from './omitted-users.ts';
import { reportedThresholds } from './thresholds.ts';
import { agreed, withoutUnsent } from './unsent.ts';

/** The tables that findings come from. */
export interface AnalysisTables {
  readonly checks: Readonly<Record<string, Check>>;
  readonly guards: Readonly<Record<string, Guard>>;
}

/**
 * Finds what a recording says: of the run itself (guards), then of each expectation in order, then what is only reported. The same recording gives
 * the same findings, byte for byte. A check that throws has told nothing: its finding is inconclusive, and so is that of a check which
 * needs to see what the run's environment does not show. Arrivals that the load driver did not send count as failed, unless that alone
 * decides a finding: it is inconclusive then.
 */
export function analyze(
  recording: Recording,
  expectations: readonly Expectation[],
  tables: Partial<AnalysisTables> = {},
): readonly Finding[] {
  const checks: AnalysisTables['checks'] = tables.checks ?? everyCheck;
  const guards: AnalysisTables['guards'] = tables.guards ?? everyGuard;
  const evidence = evidenceOf(recording);
  const sent = withoutUnsent(recording);
  const evidenceSent = sent === null ? null : evidenceOf(sent);
  const found = (expectation: Expectation): Finding => {
    const check = Object.hasOwn(checks, expectation.check) ? checks[expectation.check] : undefined;
    const counted = checked(expectation, check, evidence);
    if (evidenceSent === null) return counted;
    return agreed(counted, checked(expectation, check, evidenceSent), recording.requests.length - evidenceSent.recording.requests.length);
  };
  return [
    ...Object.values(guards).flatMap((guard) => guarded(guard, evidence)),
    ...expectations.map(found),
    ...reportedThresholds(evidence),
  ];
}

function guarded(guard: Guard, evidence: Evidence): readonly Finding[] {
  try {
    return guard.evaluate(evidence);
  } catch (error) {
    return [crashed({ check: guard.check, subject: 'run', guard: true }, error)];
  }
}

function checked(expectation: Expectation, check: Check | undefined, evidence: Evidence): Finding {
  const about = { check: expectation.check, subject: subjectOf(expectation), guard: false, expectation: { ...expectation } };
  if (check === undefined)
    return {
      ...about,
      verdict: 'inconclusive',
      explanation: { code: 'check-unknown', values: { check: expectation.check } },
      evidence: [],
    };
  const lacking = check.needs.filter((power) => !evidence.plan.powers.includes(power));
  if (lacking.length > 0) {
    const values = { lacking, environment: evidence.plan.environment };
    return { ...about, verdict: 'inconclusive', explanation: { code: 'power-lacking', values }, evidence: [] };
  }
  try {
    return evaluatedForAll(check, expectation, evidence);
  } catch (error) {
    return crashed(about, error);
  }
}

function crashed(about: Pick<Finding, 'check' | 'subject' | 'guard' | 'expectation'>, error: unknown): Finding {
  const message = error instanceof Error ? error.message : String(error);
  return { ...about, verdict: 'inconclusive', explanation: { code: 'check-crashed', values: { message } }, evidence: [] };
}

function subjectOf({ breaker, edge, request, of, service, check }: Expectation): string {
  return breaker ?? edge ?? request ?? of ?? service ?? check;
}
