import type { BreakerState } from '../model/breaker.ts';
import type { BreakerMoved, RunEvent } from '../model/event.ts';
import type { BreakerStretch } from './evidence.ts';

interface Move {
  readonly atUs: number;
  readonly uncertaintyUs: number;
  readonly to: BreakerState;
  readonly eventId: number;
  readonly instance: string;
}

interface Lane {
  readonly moves: Move[];
  state: BreakerState;
}

/**
 * What is known of a breaker over the whole run: `unknown` before its first event and after its process died. A state
 * begins when it was surely there (`latestUs`); how much earlier it may have begun is its uncertainty.
 *
 * Each instance of the service has stretches of its own; one that comes after another died takes over from it, under the
 * name of the first.
 */
export function breakerStretches(
  breaker: string,
  service: string | undefined,
  events: readonly RunEvent[],
  endUs: number,
): readonly BreakerStretch[] {
  const lanes: Lane[] = [];
  const laneOfInstance = new Map<string, Lane>();
  for (const event of events) {
    if (event.kind === 'breaker' && event.breaker === breaker) append(laneFor(event, lanes, laneOfInstance), moveOf(event));
    if (event.kind === 'service' && event.service === service && (event.state === 'exited' || event.state === 'killed')) {
      for (const lane of lanes) {
        const instance = lane.moves.at(-1)?.instance ?? '';
        append(lane, { atUs: event.atUs, uncertaintyUs: 0, to: 'unknown', eventId: event.id, instance });
      }
    }
  }
  const stretches = lanes.flatMap((lane) => stretchesOf(lane, endUs));
  if (stretches.length === 0) return [{ fromUs: 0, toUs: endUs, state: 'unknown', instance: '', eventId: null, uncertaintyUs: 0 }];
  return stretches.toSorted((left, right) => left.fromUs - right.fromUs || (left.eventId ?? 0) - (right.eventId ?? 0));
}

function moveOf(event: BreakerMoved): Move {
  const { earliestUs, latestUs, to, id, instance } = event;
  return { atUs: latestUs, uncertaintyUs: Math.max(0, latestUs - earliestUs), to, eventId: id, instance };
}

function laneFor(event: BreakerMoved, lanes: Lane[], laneOfInstance: Map<string, Lane>): Lane {
  const own = laneOfInstance.get(event.instance) ?? lanes.find((lane) => lane.state === 'unknown') ?? { moves: [], state: 'unknown' };
  laneOfInstance.set(event.instance, own);
  if (!lanes.includes(own)) lanes.push(own);
  return own;
}

function append(lane: Lane, move: Move): void {
  if (lane.state === move.to) return;
  lane.moves.push(move);
  lane.state = move.to;
}

function stretchesOf({ moves }: Lane, endUs: number): BreakerStretch[] {
  const ordered = moves.toSorted((left, right) => left.atUs - right.atUs || left.eventId - right.eventId);
  const [first] = ordered;
  if (first === undefined) return [];
  const before: BreakerStretch = {
    fromUs: 0,
    toUs: first.atUs,
    state: 'unknown',
    instance: first.instance,
    eventId: null,
    uncertaintyUs: 0,
  };
  const known = ordered.map(({ atUs, to, eventId, uncertaintyUs }, place) => ({
    fromUs: atUs,
    toUs: Math.max(atUs, ordered[place + 1]?.atUs ?? endUs),
    state: to,
    instance: first.instance,
    eventId,
    uncertaintyUs,
  }));
  return first.atUs > 0 ? [before, ...known] : known;
}
