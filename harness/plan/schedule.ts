import { LIMITS } from '../model/limits.ts';
import type { Arrivals, JourneyByRate, OpenLoad, RequestTemplate } from '../model/load.ts';
import type { Schedule } from '../model/plan.ts';
import { UsageError } from '../model/problem.ts';
import { seededRandom, shuffledIndices, type Random } from '../model/random.ts';
import type { Field, Shape } from '../model/shape.ts';
import { MICROSECONDS_PER_MILLISECOND, microseconds } from '../model/time.ts';
import { isByUsers } from '../model/users.ts';

const MICROSECONDS_PER_SECOND = 1000 * MICROSECONDS_PER_MILLISECOND;

/** The stretch that a load fills, in microseconds since the load's start. */
export interface LoadSpan {
  readonly totalUs: number;
  /** End of the baseline: a spike's start counts from here. */
  readonly faultStartUs: number;
}

/** A stretch in which the rate changes linearly; rates in arrivals a second. */
interface RateSegment {
  readonly fromUs: number;
  readonly toUs: number;
  readonly fromRate: number;
  readonly toRate: number;
}

/** One kind of arrivals: its fields, and the curve of its rate. */
interface ArrivalKind<A extends Arrivals> {
  readonly kind: A['kind'];
  readonly schema: Shape;
  /** `random`: exponential gaps under the curve; `even`: exactly one arrival for each unit of its integral. */
  readonly spacing: 'even' | 'random';
  segments(arrivals: A, span: LoadSpan): readonly RateSegment[];
}

const rate: Field = { type: 'number', min: 0.001, max: LIMITS.ratePerSecond, unit: 'arrivals a second' };
const rateOrZero: Field = { type: 'number', min: 0, max: LIMITS.ratePerSecond, unit: 'arrivals a second' };

function flat({ ratePerSecond }: { readonly ratePerSecond: number }, { totalUs }: LoadSpan): readonly RateSegment[] {
  return [{ fromUs: 0, toUs: totalUs, fromRate: ratePerSecond, toRate: ratePerSecond }];
}

/** Every kind of arrivals, by the name that a load's `arrivals.kind` holds. */
export const arrivalKinds: { readonly [K in Arrivals['kind']]: ArrivalKind<Extract<Arrivals, { kind: K }>> } = {
  constant: { kind: 'constant', schema: { ratePerSecond: rate }, spacing: 'even', segments: flat },
  poisson: { kind: 'poisson', schema: { ratePerSecond: rate }, spacing: 'random', segments: flat },
  ramp: {
    kind: 'ramp',
    schema: { ratePerSecond: rateOrZero, toRatePerSecond: rateOrZero },
    spacing: 'even',
    segments: ({ ratePerSecond, toRatePerSecond }, { totalUs }) => [
      { fromUs: 0, toUs: totalUs, fromRate: ratePerSecond, toRate: toRatePerSecond },
    ],
  },
  spike: {
    kind: 'spike',
    schema: {
      ratePerSecond: rate,
      peakRatePerSecond: rate,
      fromMs: { type: 'number', min: 0, max: LIMITS.runMs, unit: 'ms' },
      forMs: { type: 'number', min: 1, max: LIMITS.runMs, unit: 'ms' },
    },
    spacing: 'even',
    segments: ({ ratePerSecond, peakRatePerSecond, fromMs, forMs }, { totalUs, faultStartUs }) => {
      const fromUs = Math.min(totalUs, faultStartUs + microseconds(fromMs));
      const toUs = Math.min(totalUs, fromUs + microseconds(forMs));
      return [
        { fromUs: 0, toUs: fromUs, fromRate: ratePerSecond, toRate: ratePerSecond },
        { fromUs, toUs, fromRate: peakRatePerSecond, toRate: peakRatePerSecond },
        { fromUs: toUs, toUs: totalUs, fromRate: ratePerSecond, toRate: ratePerSecond },
      ];
    },
  },
};

/**
 * Fixes every arrival before the run: whole microseconds since the load's start, in order, and which request each one
 * makes. Times and requests draw from streams of their own, so a new weight moves no arrival.
 *
 * @throws {UsageError} if the load asks for more than `LIMITS.arrivals` arrivals, or for none
 */
export function scheduleArrivals(load: OpenLoad, options: LoadSpan & { readonly seed: number }): Schedule {
  const { arrivals, requests } = load;
  const row = arrivalKinds[arrivals.kind] as ArrivalKind<Arrivals>;
  const segments = row.segments(arrivals, options).filter(({ fromUs, toUs }) => toUs > fromUs);
  const expected = segments.reduce((sum, segment) => sum + arrivalsIn(segment), 0);
  if (expected > LIMITS.arrivals) {
    throw new UsageError(
      `Cannot schedule the load as 'arrivals' must be at most ${LIMITS.arrivals} in one run: current value is ${Math.round(expected)}; lower the rate or shorten the timeline`,
    );
  }
  const marks = row.spacing === 'even' ? evenMarks(expected) : randomMarks(expected, seededRandom(options.seed, 'load:arrivals'));
  if (marks.length === 0) {
    throw new UsageError(
      `Cannot schedule the load as 'arrivals' must be at least 1 in one run: current value is 0; raise the rate or lengthen the timeline`,
    );
  }
  const sent: Schedule = {
    intendedUs: timesAt(marks, segments),
    request: chooseRequests(requests, marks.length, seededRandom(options.seed, 'load:requests')),
  };
  const journeys = load.journeys ?? [];
  return journeys.reduce<Schedule>(
    // When users go again depends on how they fare, so their journeys stand in no schedule.
    (schedule, journey, index) => (isByUsers(journey) ? schedule : merged(schedule, setOuts(journey, options), requests.length + index)),
    sent,
  );
}

/** When users set out on a journey: evenly, whatever the requests do. */
function setOuts({ ratePerSecond }: JourneyByRate, span: LoadSpan): readonly number[] {
  const segments = flat({ ratePerSecond }, span);
  return timesAt(evenMarks(segments.reduce((sum, segment) => sum + arrivalsIn(segment), 0)), segments);
}

/** Both by time; at the same microsecond the schedule's own come first. */
function merged({ intendedUs, request }: Schedule, addedUs: readonly number[], place: number): Schedule {
  const times: number[] = [];
  const places: number[] = [];
  let next = 0;
  const takeUntil = (untilUs: number): void => {
    for (; next < addedUs.length && (addedUs[next] ?? Infinity) < untilUs; next++) {
      times.push(addedUs[next] ?? 0);
      places.push(place);
    }
  };
  for (const [index, atUs] of intendedUs.entries()) {
    takeUntil(atUs);
    times.push(atUs);
    places.push(request[index] ?? 0);
  }
  takeUntil(Infinity);
  return { intendedUs: times, request: places };
}

function arrivalsIn({ fromUs, toUs, fromRate, toRate }: RateSegment): number {
  return ((fromRate + toRate) / 2) * ((toUs - fromUs) / MICROSECONDS_PER_SECOND);
}

/** Places on the rate's integral: the middle of each unit, so that every stretch holds its own share of arrivals, rounded. */
function evenMarks(expected: number): number[] {
  // The sum of segments may fall a hair short of a whole number.
  return Array.from({ length: Math.round(expected + 1e-9) }, (_, index) => Math.min(index + 0.5, expected));
}

/** A Poisson process of rate 1 over the rate's integral (time rescaling; Daley & Vere-Jones, "Theory of Point Processes" §7.4). */
function randomMarks(expected: number, random: Random): number[] {
  const marks: number[] = [];
  for (let mark = -Math.log(1 - random()); mark < expected; mark -= Math.log(1 - random())) marks.push(mark);
  return marks;
}

/** The moments at which the rate's integral reaches each mark, by inverting it segment by segment. */
function timesAt(marks: readonly number[], segments: readonly RateSegment[]): number[] {
  const times: number[] = [];
  let next = 0;
  let before = 0;
  for (const [index, segment] of segments.entries()) {
    const here = arrivalsIn(segment);
    const isLast = index === segments.length - 1;
    for (; next < marks.length; next++) {
      const mark = marks[next] ?? 0;
      if (mark > before + here && !isLast) break;
      times.push(Math.min(segment.toUs - 1, Math.floor(segment.fromUs + timeWithin(segment, Math.min(here, mark - before)))));
    }
    before += here;
  }
  return times;
}

/** Microseconds into a segment at which `count` arrivals have come: the root of a·t²/2 + r·t = count. */
function timeWithin({ fromUs, toUs, fromRate, toRate }: RateSegment, count: number): number {
  const seconds = (toUs - fromUs) / MICROSECONDS_PER_SECOND;
  const slope = (toRate - fromRate) / seconds;
  const root = Math.sqrt(Math.max(0, fromRate * fromRate + 2 * slope * count));
  // This form of the quadratic's root stays exact where the slope is nearly or exactly zero.
  const elapsed = count === 0 ? 0 : (2 * count) / (fromRate + root);
  return Math.min(seconds, elapsed) * MICROSECONDS_PER_SECOND;
}

/** Longest block within which the order of requests is shuffled. */
const LARGEST_BLOCK = 200;

/**
 * Requests by weight. Smooth weighted round robin keeps every stretch within one arrival or so of its exact share, so a
 * short phase still has each request; shuffling within blocks hides the pattern from the system.
 */
function chooseRequests(requests: readonly RequestTemplate[], length: number, random: Random): number[] {
  const weights = requests.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const block = Math.max(1, Math.min(LARGEST_BLOCK, Math.round(total / Math.min(...weights))));
  const credit = weights.map(() => 0);
  const chosen: number[] = [];
  while (chosen.length < length) {
    const round = Array.from({ length: Math.min(block, length - chosen.length) }, () => nextByWeight(weights, total, credit));
    for (const place of shuffledIndices(round.length, random)) chosen.push(round[place] ?? 0);
  }
  return chosen;
}

function nextByWeight(weights: readonly number[], total: number, credit: number[]): number {
  let best = 0;
  for (const [index, weight] of weights.entries()) {
    credit[index] = (credit[index] ?? 0) + weight;
    if ((credit[index] ?? 0) > (credit[best] ?? 0)) best = index;
  }
  credit[best] = (credit[best] ?? 0) - total;
  return best;
}
