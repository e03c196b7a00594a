import { JUDGED_PHASES } from '../../model/run-statistics.ts';
import type { RequestRow } from '../../model/recording.ts';
import { journeysByUsers, userAt, usersOf } from '../../model/users.ts';
import { cite } from '../cite.ts';
import type { Evidence } from '../evidence.ts';
import type { GuardResult } from './guard-finding.ts';

type Trouble = Omit<GuardResult, 'check' | 'subject'>;

/**
 * Why users did not go as the load has it: a turn of one of them has no row, or in a phase that is judged nobody set out on a journey and
 * nobody came back. Null where they did. When they come is no question: nothing is due in a closed model.
 */
export function usersTrouble(evidence: Evidence): Trouble | null {
  return missingTurn(evidence) ?? silentPhase(evidence);
}

function missingTurn({ plan, recording }: Evidence): Trouble | null {
  const users = usersOf(plan.load);
  const numbering = { scheduled: plan.schedule.intendedUs.length, users: users.length };
  const turns = Map.groupBy(recording.requests, ({ id }) => userAt(id, numbering)?.user);
  for (const { number, journey } of users) {
    const own = turns.get(number) ?? [];
    const distinct = new Set(own.map(({ id }) => id)).size;
    // At least the one that each begins with the load.
    const begun = own.reduce((most, { id }) => Math.max(most, (userAt(id, numbering)?.repetition ?? 0) + 1), 1);
    if (distinct === begun && own.length === begun && own.every(({ name }) => name === journey.name)) continue;
    const values = { journey: journey.name, user: number + 1, begun, rows: own.length, distinct };
    return { verdict: 'invalid', code: 'turns-unaccounted', values, evidence: [cite('requests', own)] };
  }
  return null;
}

function silentPhase(evidence: Evidence): Trouble | null {
  for (const { name: journey, users } of journeysByUsers(evidence.plan.load)) {
    const rows = evidence.requestsIn({ fromUs: -Infinity, toUs: Infinity }, journey);
    for (const phase of JUDGED_PHASES) {
      const span = evidence.phase(phase);
      if (span === null || rows.some((row) => isSeenIn(row, span))) continue;
      const waiting = rows.filter(({ startedUs, endedUs }) => startedUs !== null && startedUs < span.fromUs && endedUs >= span.toUs);
      const values = { journey, users, phase, waiting: waiting.length };
      return { verdict: 'invalid', code: 'users-silent', values, evidence: [cite('requests', waiting, span)] };
    }
  }
  return null;
}

/** Whether a journey began in that time, or came to an end that is not the harness's doing. */
function isSeenIn(
  { startedUs, endedUs, outcome }: RequestRow,
  { fromUs, toUs }: { readonly fromUs: number; readonly toUs: number },
): boolean {
  if (startedUs === null) return false;
  const hasBegun = startedUs >= fromUs && startedUs < toUs;
  const hasEnded = outcome !== 'aborted' && endedUs >= fromUs && endedUs < toUs;
  return hasBegun || hasEnded;
}
