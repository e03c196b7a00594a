import type { Finding } from '../model/finding.ts';
import type { JudgedFinding, RunVerdict } from '../model/outcome.ts';
import { formatMs } from '../model/time.ts';
import { worse, type Verdict } from '../model/verdict.ts';
import { explain } from './explain.ts';

/**
 * Judges one run: the worst of its findings, where `invalid` > `fail` > `inconclusive` > `pass`.
 *
 * Guards of timing (those with `noiseMs`) decide nothing by themselves: what they measured turns each finding whose
 * `timingMarginMs` is smaller into an inconclusive one. What is only reported decides nothing either. A run in which nothing was expected proved nothing.
 */
export function judge(findings: readonly Finding[]): RunVerdict {
  const noiseMs = Math.max(0, ...findings.map((finding) => (isTimingGuard(finding) ? (finding.noiseMs ?? 0) : 0)));
  const judged = findings.map((finding) => judgeFinding(finding, noiseMs));
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

function judgeFinding(finding: Finding, noiseMs: number): JudgedFinding {
  const { expected, measured, ...rest } = finding;
  const words = explain(finding);
  const quantities = { ...(expected === undefined ? {} : { expected }), ...(measured === undefined ? {} : { measured }) };
  if (!isDrowned(finding, noiseMs)) return { ...rest, ...words, quantities };
  const values = { ...finding.explanation.values, turnedFrom: finding.verdict, noiseMs };
  return {
    ...rest,
    ...words,
    verdict: 'inconclusive',
    explanation: { code: finding.explanation.code, values },
    sentence: drownedSentence(words.sentence, finding, noiseMs),
    quantities,
  };
}

function isDrowned({ guard, verdict, timingMarginMs }: Finding, noiseMs: number): boolean {
  return !guard && (verdict === 'pass' || verdict === 'fail') && timingMarginMs !== undefined && timingMarginMs < noiseMs;
}

function drownedSentence(original: string, { verdict, timingMarginMs = 0 }: Finding, noiseMs: number): string {
  const would = verdict === 'fail' ? 'would fail' : 'would pass';
  const by = timingMarginMs === 0 ? '' : ` by ${formatMs(timingMarginMs)}`;
  return `Cannot tell: it ${would}${by}, but the machine added up to ${formatMs(noiseMs)}. ${original}`;
}

function sentenceOf(verdict: Verdict, deciding: readonly JudgedFinding[], expectations: number): string {
  const worst = verdict === 'pass' ? undefined : deciding.find((finding) => finding.verdict === verdict);
  if (worst !== undefined) return worst.sentence;
  if (expectations === 0) return 'Nothing was expected of this run, so it proved nothing.';
  return expectations === 1 ? 'The one expectation held.' : `All ${expectations} expectations held.`;
}
