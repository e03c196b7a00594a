// Goal: users who go again and again are neither late nor missing because no schedule has them, but a run in which they did not go is invalid,
// and they excuse nothing of what the schedule has.
import { expect, it } from 'vitest';
import { evidenceOf } from '../../../../harness/analysis/evidence.ts';
import { guards } from '../../../../harness/analysis/guards/index.ts';
import type { Finding } from '../../../../harness/model/finding.ts';
import type { Recording } from '../../../../harness/model/recording.ts';
import { userOrdinal } from '../../../../harness/model/users.ts';
import { explain } from '../../../../harness/verdict/explain.ts';
import { steadily } from '../../../recordings.ts';
import { going, withUsers } from '../users-recording.ts';

const requests = steadily(0, 18_000, 20);
const usual = going(18_000, () => 250);
const expectations = [{ check: 'opens', breaker: 'orders.payments' }];
const whole = withUsers([usual, usual], { requests, expectations });

function look(guard: keyof typeof guards, recording: Recording): Finding {
  const [finding] = guards[guard].evaluate(evidenceOf(recording));
  if (finding === undefined) throw new Error(`${guard} found nothing`);
  return finding;
}
const code = ({ verdict, explanation }: Finding): string => `${verdict} ${explanation.code}`;
const without = (recording: Recording, ids: readonly number[]): Recording => ({
  ...recording,
  requests: recording.requests.filter(({ id }) => !ids.includes(id)),
});
const turn = (user: number, repetition: number): number => userOrdinal(user, repetition, { scheduled: 900, users: 2 });

it('all guards pass on a run in which they went throughout', () => {
  const evidence = evidenceOf(whole);
  const verdicts = Object.values(guards).flatMap((guard) => guard.evaluate(evidence).map(({ check, verdict }) => [check, verdict]));
  expect(verdicts).toEqual(Object.keys(guards).map((check) => [check, 'pass']));
  // What was offered is counted by the schedule, which does not have them.
  expect(look('load-was-offered', whole).explanation.values).toMatchObject({ scheduled: 900, offered: 900 });
});

it('a turn without a row, one with two, and a user who never went: invalid, with who it is', () => {
  const lost = look('load-was-offered', without(whole, [turn(1, 3)]));
  expect(code(lost)).toBe('invalid turns-unaccounted');
  expect(explain(lost).sentence).toBe(
    'Invalid: user 2 went looking at least 72 times, but the recording holds 71 outcomes of 71 journeys.',
  );
  const [row] = whole.requests.filter(({ id }) => id === turn(0, 2));
  if (row === undefined) throw new Error('the recording has that turn');
  expect(code(look('load-was-offered', { ...whole, requests: [...whole.requests, row] }))).toBe('invalid turns-unaccounted');
  expect(code(look('load-was-offered', withUsers([usual, []], { requests })))).toBe('invalid turns-unaccounted');
  const renamed = whole.requests.map((one) => (one.id === turn(0, 2) ? { ...one, name: 'quote' } : one));
  expect(code(look('load-was-offered', { ...whole, requests: renamed }))).not.toBe('pass load-offered');
});

it('a judged phase in which nobody set out or came back is invalid, and says who was waiting', () => {
  const stuck = going(18_000, (atMs) => (atMs === 3750 ? 6000 : 250));
  const silent = look('load-was-offered', withUsers([stuck, stuck], { requests }));
  expect(code(silent)).toBe('invalid users-silent');
  expect(explain(silent).sentence).toContain('in the fault phase: 2 of 2 users had set out before and were still waiting at its end');
  expect(code(look('load-was-offered', withUsers([stuck, usual], { requests })))).toBe('pass load-offered');
  const gone = withUsers([going(7000, () => 250), going(7000, () => 250)], { requests });
  expect(look('load-was-offered', gone).explanation).toMatchObject({ code: 'users-silent', values: { phase: 'recovery', waiting: 0 } });
  // The harness's own breaking off is no coming back.
  const broken = going(8000, (atMs) => (atMs === 7750 ? 5000 : 250)).map((row) =>
    row.atMs === 7750 ? { ...row, outcome: 'aborted' as const } : row,
  );
  expect(code(look('load-was-offered', withUsers([broken, broken], { requests })))).toBe('invalid users-silent');
});

it('they do not hide a driver that was late for the schedule, nor requests that it did not send', () => {
  const often = going(18_000, () => 10);
  const late = requests.map((row) => (row.atMs >= 8000 && row.atMs < 8400 ? { ...row, lagMs: 40 } : row));
  expect(code(look('driver-kept-schedule', withUsers([often, often], { requests: late })))).toBe('inconclusive driver-late');
  const shed = requests.map((row, place) =>
    row.atMs < 4000 && place % 10 === 0 ? { ...row, lagMs: null, outcome: 'shed' as const } : row,
  );
  expect(code(look('load-was-offered', withUsers([often, often], { requests: shed })))).toBe('invalid load-not-offered');
  expect(code(look('load-was-offered', without(whole, [5])))).toBe('invalid arrivals-unaccounted');
});

it('a baseline in which their journeys failed was not steady', () => {
  const failing = going(18_000, () => 250, { outcome: 'wrong' });
  expect(code(look('baseline-was-steady', withUsers([failing, usual], { requests })))).toBe('invalid baseline-not-ok');
});
