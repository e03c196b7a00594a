// Goal: who waits does not come again, so what passes on a journey by users passes only if it does so with those who stayed away.
import { expect, it } from 'vitest';
import { analyze } from '../../../harness/analysis/analyze.ts';
import { availability } from '../../../harness/analysis/checks/availability.ts';
import { latencyWithin } from '../../../harness/analysis/checks/latency-within.ts';
import { evidenceOf } from '../../../harness/analysis/evidence.ts';
import type { Finding } from '../../../harness/model/finding.ts';
import type { Recording } from '../../../harness/model/recording.ts';
import type { Expectation } from '../../../harness/model/scenario.ts';
import { explain } from '../../../harness/verdict/explain.ts';
import { recordingOf, steadily } from '../../recordings.ts';
import { going, withUsers } from './users-recording.ts';

const requests = steadily(0, 18_000, 20);
const fast = latencyWithin({ request: 'looking', during: 'storm', quantile: 0.9, maxMs: 500 });

function said(recording: Recording, expectation: Expectation = fast): Finding {
  const finding = analyze(recording, [expectation]).find(({ guard }) => !guard);
  if (finding === undefined) throw new Error('nothing was found');
  return finding;
}
const code = ({ verdict, explanation }: Finding): string => `${verdict} ${explanation.code}`;

/** Two users who go every 100 ms, but for one journey under the storm that takes so long. */
function stalled(tookMs: number): Recording {
  const user = going(18_000, (atMs) => (atMs === 5000 ? tookMs : 100));
  return withUsers([user, user], { requests });
}

it('a stall that kept many away leaves a good quantile behind: that cannot tell, and says how many did not come', () => {
  const finding = said(stalled(2000));
  expect(code(finding)).toBe('inconclusive omitted-users-decide');
  expect(finding.explanation.values).toMatchObject({ journey: 'looking', users: 2, omitted: 38, everyMs: 100 });
  expect(explain(finding).sentence).toBe(
    'Cannot tell: it would pass by those who went looking, and not with the 38 more journeys that they would have begun had they not waited (while all was well each of 2 users went every 100 ms). Give looking a rate to know.',
  );
  expect([finding.measured, finding.timingMarginMs]).toEqual([undefined, undefined]);
  // Users who come whatever became of those before show the same stall.
  const coming = steadily(0, 18_000, 50).map(({ atMs }) => ({
    atMs,
    name: 'looking',
    tookMs: atMs >= 5000 && atMs < 7000 ? 7100 - atMs : 100,
  }));
  expect(code(said(recordingOf({ requests: [...requests, ...coming] })))).toBe('fail latency');
});

it('what holds for those as well who stayed away passes, and says that they did', () => {
  const finding = said(stalled(400));
  expect(code(finding)).toBe('pass latency');
  expect(explain(finding).sentence).toMatch(
    /500 ms were allowed\. Who goes this journey waits for its end before they go again: 6 journeys were not begun for it \(while all was well each of 2 users went every 100 ms\)\.$/,
  );
  expect(explain(said(withUsers([going(18_000, () => 100)], { requests }))).sentence).toContain('nobody is missing for it');
});

it('what fails by those who came has failed, and shares count those who stayed away too', () => {
  const strict = latencyWithin({ request: 'looking', during: 'storm', quantile: 0.9, maxMs: 50 });
  expect(code(said(stalled(2000), strict))).toBe('fail latency');
  const user = going(18_000, (atMs) => (atMs === 5000 ? 2000 : 100)).map((row) =>
    row.atMs === 5000 ? { ...row, outcome: 'timeout' as const } : row,
  );
  const mostly = availability({ request: 'looking', during: 'storm', min: 0.9 });
  expect(code(said(withUsers([user, user], { requests }), mostly))).toBe('inconclusive omitted-users-decide');
});

it('checks of all requests neither count them nor change by them', () => {
  const all = latencyWithin({ during: 'storm', quantile: 0.9, maxMs: 500 });
  const beside = said(stalled(2000), all);
  expect(beside).toEqual(said(recordingOf({ requests }), all));
  expect(evidenceOf(stalled(2000)).requestsIn({ fromUs: 0, toUs: Infinity })).toHaveLength(requests.length);
});
