import type { ScenarioOutcome } from '../index.ts';

const REASONS_MAX = 6;

/** Why a run is no pass, as a failed test prints it: what broke with expected and measured first, then the other reasons, then how to look and to try again. */
export function firstLines({ verdict, name, sentence, findings, replay }: ScenarioOutcome, report: string): string {
  const decisive = findings.find((finding) => finding.verdict === verdict);
  const others = findings.filter((finding) => finding.verdict !== 'pass' && finding !== decisive);
  const head =
    decisive === undefined
      ? sentence
      : `${decisive.check} ${decisive.subject}: measured ${decisive.measured}, expected ${decisive.expected}`;
  return [
    `${verdict} ${name}: ${head}`,
    ...(decisive === undefined ? [] : [`  ${decisive.sentence}`]),
    ...others.slice(0, REASONS_MAX).map((finding) => `  ${finding.verdict}: ${finding.sentence}`),
    ...(others.length > REASONS_MAX ? [`  and ${others.length - REASONS_MAX} more in the report`] : []),
    `  report: ${report}`,
    `  replay: ${replay}`,
  ].join('\n');
}
