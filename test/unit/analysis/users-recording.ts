import type { JourneyByUsers } from '../../../harness/model/load.ts';
import type { Recording, RequestRow } from '../../../harness/model/recording.ts';
import { userOrdinal } from '../../../harness/model/users.ts';
import { recordingOf, type RecordingSketch, type RequestSketch } from '../../recordings.ts';

export const LOOKING: JourneyByUsers = { name: 'looking', file: 'looking.ts', export: 'default', timeoutMs: 30_000, users: 2, thinkMs: 0 };

/** One user's journeys, each when the last has ended, until `toMs`: each takes what `tookMs` says for its beginning. */
export function going(toMs: number, tookMs: (atMs: number) => number, rest: Partial<RequestSketch> = {}): RequestSketch[] {
  const turns: RequestSketch[] = [];
  for (let atMs = 0; atMs < toMs; atMs += tookMs(atMs)) turns.push({ ...rest, atMs, tookMs: tookMs(atMs) });
  return turns;
}

/** A recording with users of `LOOKING` beside the sketch's requests: of each the journeys that they went, in order. */
export function withUsers(users: readonly (readonly RequestSketch[])[], sketch: RecordingSketch = {}): Recording {
  const beside = recordingOf(sketch);
  const { plan } = beside.run;
  if (plan.load.kind !== 'open') throw new Error('the load of a sketch is open');
  const numbering = { scheduled: beside.requests.length, users: users.length };
  const rows = users.flatMap((turns, user) =>
    recordingOf({ requests: turns }).requests.map((row, repetition): RequestRow => ({
      ...row,
      id: userOrdinal(user, repetition, numbering),
      name: LOOKING.name,
    })),
  );
  const load = { ...plan.load, journeys: [{ ...LOOKING, users: users.length }] };
  return { ...beside, run: { ...beside.run, plan: { ...plan, load } }, requests: [...beside.requests, ...rows] };
}
