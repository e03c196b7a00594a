import type { Finding } from '../model/finding.ts';
import type { JourneyByUsers } from '../model/load.ts';
import type { RequestRow } from '../model/recording.ts';
import type { Expectation } from '../model/scenario.ts';
import { journeysByUsers, userAt, usersOf } from '../model/users.ts';
import type { Check } from './checks/contract.ts';
import { evidenceOf, type Evidence } from './evidence.ts';
import { quantile } from './quantile.ts';

/** Most of those who would have come during one wait that are counted. */
const OMITTED_MAX = 1000;

/**
 * What a check says of a journey by users. Such users come less often the longer they wait (coordinated omission), so a stall leaves few
 * long times and many short ones beside it. A check that passes is therefore asked again with those who would have come meanwhile, had
 * users come as often as before the fault: only what holds for these as well has passed. A failure needs no second look.
 */
export function evaluatedForAll(check: Check, expectation: Expectation, evidence: Evidence): Finding {
  const finding = check.evaluate(expectation, evidence);
  const journey = journeysByUsers(evidence.plan.load).find(({ name }) => name === expectation.request);
  if (journey === undefined || finding.verdict === 'inconclusive') return finding;
  const { rows, everyMs } = omittedBy(journey, evidence);
  const values = { users: journey.users, omitted: rows.length, everyMs };
  const marked = { ...finding, explanation: { ...finding.explanation, values: { ...finding.explanation.values, ...values } } };
  if (finding.verdict !== 'pass' || rows.length === 0) return marked;
  const { recording } = evidence;
  const asked = check.evaluate(expectation, evidenceOf({ ...recording, requests: [...recording.requests, ...rows] }));
  if (asked.verdict === 'pass') return marked;
  const { measured: _measured, timeline: _timeline, timingMarginMs: _timingMarginMs, ...rest } = finding;
  return {
    ...rest,
    verdict: 'inconclusive',
    explanation: { code: 'omitted-users-decide', values: { subject: finding.subject, journey: journey.name, ...values } },
  };
}

interface Omitted {
  /** An arrival for each; `id` is the row's whose wait kept them away. */
  readonly rows: readonly RequestRow[];
  /** From one beginning of a user's journey to the next while all was well, in milliseconds; 0 where nobody went twice. */
  readonly everyMs: number;
}

/** Those who would have come while users waited, each with what was left of that wait (as HdrHistogram corrects for an expected interval). */
function omittedBy({ name }: JourneyByUsers, evidence: Evidence): Omitted {
  const everywhere = { fromUs: -Infinity, toUs: Infinity };
  const rows = evidence.requestsIn(everywhere, name);
  const baseline = evidence.phase('baseline') ?? everywhere;
  const cycles = cyclesUs(rows, evidence);
  const usual = cycles.filter(({ fromUs }) => fromUs >= baseline.fromUs && fromUs < baseline.toUs);
  const everyUs = quantile(
    (usual.length > 0 ? usual : cycles).map(({ lengthUs }) => lengthUs),
    0.5,
  );
  if (everyUs === null) return { rows: [], everyMs: 0 };
  return { rows: rows.flatMap((row) => keptAwayBy(row, everyUs)), everyMs: Math.round(everyUs) / 1000 };
}

/** From each beginning of a journey to the same user's next. */
function cyclesUs(rows: readonly RequestRow[], { plan }: Evidence): { readonly fromUs: number; readonly lengthUs: number }[] {
  const numbering = { scheduled: plan.schedule.intendedUs.length, users: usersOf(plan.load).length };
  const byUser = Map.groupBy(rows, ({ id }) => userAt(id, numbering)?.user);
  return [...byUser.values()].flatMap((own) =>
    own.slice(1).map(({ intendedUs }, index) => {
      const fromUs = own[index]?.intendedUs ?? intendedUs;
      return { fromUs, lengthUs: intendedUs - fromUs };
    }),
  );
}

function keptAwayBy(row: RequestRow, everyUs: number): RequestRow[] {
  const count = Math.min(OMITTED_MAX, Math.ceil((row.endedUs - row.intendedUs) / everyUs) - 1);
  return Array.from({ length: Math.max(0, count) }, (_, index) => {
    const intendedUs = row.intendedUs + (index + 1) * everyUs;
    return { ...row, intendedUs, startedUs: row.startedUs === null ? null : intendedUs };
  });
}
