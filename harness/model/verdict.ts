/** Worst first: `invalid` > `fail` > `inconclusive` > `pass`. */
export const VERDICTS = ['invalid', 'fail', 'inconclusive', 'pass'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** The worst of two verdicts of one run. */
export function worse(left: Verdict, right: Verdict): Verdict {
  return VERDICTS.indexOf(left) <= VERDICTS.indexOf(right) ? left : right;
}

export const EXIT_CODES = { pass: 0, fail: 1, usage: 2, harness: 3, undecided: 4, nothing: 5, interrupted: 130, terminated: 143 } as const;
