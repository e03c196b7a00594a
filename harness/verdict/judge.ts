import type { Finding } from '../model/finding.ts';
import type { JudgedFinding, RunVerdict } from '../model/outcome.ts';
import { PHASES, type PhaseName } from '../model/plan.ts';
import { formatMs } from '../model/time.ts';
import { worse, type Verdict } from '../model/verdict.ts';
import { explain } from './explain.ts';

/**
 * Judges one run: the worst of its findings, where `invalid` > `fail` > `inconclusive` > `pass`.
 *
 * Guards of timing (those with `noiseMs`) decide nothing by themselves: what they measured turns each finding whose
 * `timingMarginMs` is smaller into an inconclusive one; a finding that is about one phase is reached by the noise of that phase and of
 * those before it. A failure is doubted more than a pass: work that piled up makes answers late, and none early. What is only reported decides nothing either. A run in which nothing was expected proved nothing.
 */
export function judge(findings: readonly Finding[]): RunVerdict {
  const doubts = findings.filter(isTimingGuard);
  const judged = findings.map((finding) => judgeFinding(finding, noiseFor(finding, doubts)));
  const deciding = judged.filter((finding) => finding.reported !== true && !isTimingGuard(finding));
  const expectations = deciding.filter(({ guard }) => !guard);
  const verdict = deciding.reduce<Verdict>(
    (worst, finding) => worse(worst, finding.verdict),
    expectations.length === 0 ? 'inconclusive' : 'pass',
  );
  return { verdict, sentence: sentenceOf(verdict, deciding, expectations.length), findings: judged };
}

/** Its doubt is about times only. */
function isTimingGuard({ guard, verdict, noiseMs }: Pick<Finding, 'guard' | 'verdict' | 'noiseMs'>): boolean {
  return guard && verdict === 'inconclusive' && noiseMs !== undefined;
}

interface Noise {
  readonly noiseMs: number;
  /** The guard that measured it; absent where there is none. */
  readonly guard?: Finding;
}

/** The largest noise that may have reached a finding. */
function noiseFor({ expectation, verdict }: Finding, guards: readonly Finding[]): Noise {
  const about = PHASES.findIndex((phase) => phase === expectation?.['phase']);
  const phases = about < 0 ? PHASES : PHASES.slice(0, about + 1);
  return guards.reduce<Noise>(
    (loudest, guard) => {
      const delayMs = about < 0 ? (guard.noiseMs ?? 0) : noiseIn(phases, guard);
      const noiseMs = delayMs + (verdict === 'fail' ? largestIn(phases, guard.backlogIn) : 0);
      return noiseMs > loudest.noiseMs ? { noiseMs, guard } : loudest;
    },
    { noiseMs: 0 },
  );
}

function noiseIn(phases: readonly PhaseName[], guard: Finding): number {
  return guard.noiseIn === undefined ? (guard.noiseMs ?? 0) : largestIn(phases, guard.noiseIn);
}

function largestIn(phases: readonly PhaseName[], lengthsMs: Finding['backlogIn']): number {
  return Math.max(0, ...phases.map((phase) => lengthsMs?.[phase] ?? 0));
}

function judgeFinding(finding: Finding, noise: Noise): JudgedFinding {
  const { expected, measured, ...rest } = finding;
  const words = explain(finding);
  const quantities = { ...(expected === undefined ? {} : { expected }), ...(measured === undefined ? {} : { measured }) };
  if (!isDrowned(finding, noise)) return { ...rest, ...words, quantities };
  const values = { ...finding.explanation.values, turnedFrom: finding.verdict, noiseMs: noise.noiseMs };
  return {
    ...rest,
    ...words,
    verdict: 'inconclusive',
    explanation: { code: finding.explanation.code, values },
    sentence: drownedSentence(words.sentence, finding, noise),
    quantities,
  };
}

function isDrowned({ guard, verdict, timingMarginMs }: Finding, { noiseMs }: Noise): boolean {
  return !guard && (verdict === 'pass' || verdict === 'fail') && timingMarginMs !== undefined && timingMarginMs < noiseMs;
}

function drownedSentence(original: string, { verdict, timingMarginMs = 0 }: Finding, { noiseMs, guard }: Noise): string {
  const would = verdict === 'fail' ? 'would fail' : 'would pass';
  const by = timingMarginMs === 0 ? '' : ` by ${formatMs(timingMarginMs)}`;
  // What was measured in milliseconds is a delay; where arrivals were missing nobody knows how long one is.
  const reason = guard?.measured?.unit === 'ratio' ? 'not all of the load was offered' : `the machine added up to ${formatMs(noiseMs)}`;
  return `Cannot tell: it ${would}${by}, but ${reason}. ${original}`;
}

function sentenceOf(verdict: Verdict, deciding: readonly JudgedFinding[], expectations: number): string {
  const worst = verdict === 'pass' ? undefined : deciding.find((finding) => finding.verdict === verdict);
  if (worst !== undefined) return worst.sentence;
  if (expectations === 0) return 'Nothing was expected of this run, so it proved nothing.';
  return expectations === 1 ? 'The one expectation held.' : `All ${expectations} expectations held.`;
}
