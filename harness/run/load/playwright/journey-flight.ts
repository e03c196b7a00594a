import { withinLimit } from '../../../model/observe.ts';
import type { RequestRow } from '../../../model/recording.ts';
import { unsentRow, type Arrival } from './arrival-row.ts';
import { judgeDone, judgeThrown, waitIn, type JourneyEnd } from './journey-end.ts';
import { closedBy, openSteps, type Steps } from './journey-steps.ts';
import { VITALS_KEY, watchVitals } from './page-facts.ts';
import { within } from './pictures.ts';
import { traceIds, traceRequests } from './traced-page.ts';
import type { Flight, GivenUp, JourneyLane, JourneyWorld, Trip } from './trip.ts';
import { watchPage, type Watched } from './watched-page.ts';

/** How long code that was given up may take to say where it was, in milliseconds. */
const LAST_WORDS_MS = 250;
const CLOSE_MS = 3000;

/** Sends one user on their way; the row is recorded once, after the events of its steps. */
export function launchJourney(lane: JourneyLane, world: JourneyWorld, arrival: Arrival, record: (row: RequestRow) => void): Flight {
  const { promise: whenGivenUp, resolve } = Promise.withResolvers<GivenUp>();
  const trip: Trip = {
    lane,
    world,
    arrival,
    startedUs: world.nowUs(),
    whenGivenUp,
    givenUp: null,
    isDegraded: false,
    failure: null,
    context: null,
    sideFile: null,
    sitter: null,
    seen: null,
    closing: null,
  };
  const giveUp = (how: GivenUp): void => {
    trip.givenUp ??= how;
    resolve(how);
  };
  const timer = setTimeout(() => giveUp('timeout'), lane.template.timeoutMs);
  const fly = async (): Promise<void> => {
    const row = await travel(trip, giveUp);
    clearTimeout(timer);
    if (trip.sitter !== null) world.sitters.delete(trip.sitter);
    record(row);
    await leave(trip);
  };
  // What can fail is caught inside; the rest would be a mistake of ours, and ends the process.
  void fly();
  return { settle: giveUp };
}

/** How the code of a journey ended by itself. */
interface Done {
  /** Null where it threw nothing. */
  readonly thrown: { readonly error: unknown } | null;
}

async function travel(trip: Trip, giveUp: (how: GivenUp) => void): Promise<RequestRow> {
  const steps = openSteps(trip);
  const done: Promise<Done> = go(trip, steps, giveUp).then(
    () => ({ thrown: null }),
    (error: unknown) => ({ thrown: { error } }),
  );
  const first = await Promise.race([done, trip.whenGivenUp]);
  const endedUs = trip.world.nowUs();
  // What comes later is no part of the row.
  const seen = trip.seen === null ? null : { ...trip.seen };
  if (typeof first === 'object') {
    if (closedBy(first.thrown?.error)) await within(trip.whenGivenUp, LAST_WORDS_MS);
    if (trip.givenUp === null) return rowOf({ trip, seen, endedUs }, endOf(trip, first));
  }
  const end = await steps.giveUp(trip.givenUp ?? 'aborted', endedUs, async () => {
    // Whatever it waits for fails now, and says what that was.
    await leave(trip);
    const last = await within(done, LAST_WORDS_MS);
    return last === null || last.thrown === null ? undefined : waitIn(last.thrown.error);
  });
  return rowOf({ trip, seen, endedUs }, end);
}

function endOf({ failure, seen, isDegraded }: Trip, { thrown }: Done): JourneyEnd {
  const status = seen?.status ?? 0;
  if (failure !== null) return failure;
  return thrown === null ? judgeDone(status, isDegraded) : judgeThrown(thrown.error, status);
}

/** The journey itself, from an empty context to the end of its code. */
async function go(trip: Trip, steps: Steps, giveUp: (how: GivenUp) => void): Promise<void> {
  const { world, lane, arrival } = trip;
  const { ordinal, name } = arrival;
  trip.sideFile = world.sideFiles.claim(`${name}-${ordinal}`);
  const options = { baseURL: world.origin, viewport: world.viewport };
  const context = await (trip.sideFile === null ? world.browser.newContext(options) : trip.sideFile.open(world.browser, options));
  trip.context = context;
  if (trip.givenUp !== null) return leave(trip);
  // The journey's own timeout is the only one, unless its code names another.
  context.setDefaultTimeout(0);
  await context.addInitScript(watchVitals, VITALS_KEY);
  const nextTrace = traceIds(arrival.traceId);
  const traceparent = (): string => `00-${nextTrace()}-${lane.spanOf(ordinal)}-01`;
  const page = await context.newPage();
  page.on('crash', () => giveUp('crashed'));
  trip.seen = watchPage(page, world.nowUs);
  trip.sitter = { journey: name, request: ordinal, page, session: await traceRequests(page, world.origin, traceparent) };
  context.on('page', (popup) => void traceRequests(popup, world.origin, traceparent).catch(() => undefined));
  world.sitters.add(trip.sitter);
  await lane.code({ page, step: steps.step, data: lane.dataOf(ordinal), degraded: () => void (trip.isDegraded = true) });
}

/** Closes the journey's context, once; its browser may be gone. */
async function leave(trip: Trip): Promise<void> {
  const { context, sideFile, sitter } = trip;
  if (context === null) return;
  trip.closing ??= (sideFile === null ? context.close() : sideFile.close(context, sitter?.page)).catch(() => undefined);
  await within(trip.closing, CLOSE_MS);
}

/** What a journey's row is made of. */
interface Landed {
  readonly trip: Trip;
  readonly seen: Watched | null;
  readonly endedUs: number;
}

function rowOf({ trip: { arrival, startedUs, isDegraded, world }, seen, endedUs }: Landed, { outcome, reason }: JourneyEnd): RequestRow {
  const observed = { ...(isDegraded ? { degraded: true } : {}), ...(reason === undefined ? {} : { mismatch: world.redact(reason) }) };
  return unsentRow(arrival, endedUs, {
    startedUs: Math.round(startedUs),
    firstByteUs: seen === null || seen.firstByteUs === null ? null : Math.round(seen.firstByteUs),
    outcome,
    status: seen?.status ?? 0,
    bytes: seen?.bytes ?? 0,
    observed: Object.keys(observed).length === 0 ? null : withinLimit(observed),
  });
}
