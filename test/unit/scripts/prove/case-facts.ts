import type { CaseFacts } from '../../../../scripts/prove/matrix-case.ts';

/** What a run of which nothing special is told was like. */
export const facts = (more: Partial<CaseFacts>): CaseFacts => ({
  verdict: 'pass',
  sentence: 'said so',
  seed: 7,
  undecided: [],
  times: [],
  tries: {},
  readyAfterMs: null,
  callEveryMs: {},
  sentinelP95Ms: 2,
  sentinelP99Ms: 5,
  hops: 3,
  failed: [],
  ...more,
});
