import type { Finding } from '../model/finding.ts';
import { formatMs } from '../model/time.ts';
import { checkExplanations } from './explain-checks.ts';
import { guardExplanations } from './explain-guards.ts';
import { scriptExplanations } from './explain-script.ts';
import { sightlessExplanations } from './explain-sightless.ts';
import { usersExplanations, usersNote } from './explain-users.ts';
import type { Explanations, Words } from './explanation.ts';
import { capital } from './phrases.ts';
import { declare } from './declared.ts';

const explanations: Explanations = {
  ...checkExplanations,
  ...guardExplanations,
  ...scriptExplanations,
  ...sightlessExplanations,
  ...usersExplanations,
};

/** The codes that have a sentence. */
export const explainedCodes: readonly string[] = Object.keys(explanations);

/**
 * Says in words what a finding holds as data: the only place where findings become sentences. A code without a row
 * (a recording of a newer halfopen) still gets its values printed.
 */
export function explain(finding: Finding): Words & { readonly declared: string } {
  const { code, values } = finding.explanation;
  const row = Object.hasOwn(explanations, code) ? explanations[code] : undefined;
  const words: Words = row?.(values, finding) ?? {
    expected: 'what was declared',
    measured: JSON.stringify(values),
    sentence: `${capital(finding.check)} of ${finding.subject} ended as '${code}': ${JSON.stringify(values)}.`,
  };
  const resolution =
    words.resolution ??
    (finding.resolutionMs === undefined || finding.resolutionMs === 0 ? undefined : `± ${formatMs(finding.resolutionMs)}`);
  const note = Object.hasOwn(usersExplanations, code) ? '' : usersNote(values);
  return {
    ...words,
    sentence: `${words.sentence}${note}`,
    ...(resolution === undefined ? {} : { resolution }),
    declared: declare(finding),
  };
}
