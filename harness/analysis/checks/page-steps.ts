import type { StepTaken } from '../../model/event.ts';
import type { RequestRow } from '../../model/recording.ts';
import type { Evidence, Span } from '../evidence.ts';
import { reachedSystem } from '../unsent.ts';
import { toMs } from './finding.ts';

/** What is looked for on the pages of a journey. */
export interface Looked {
  readonly journey: string;
  readonly step?: string;
  readonly shows?: string;
  readonly showsNot?: string;
  readonly neverBlank?: boolean;
}

/** How a step, or a journey that did not come to it, broke what was expected. */
const WAYS = ['blank', 'unreached', 'failed', 'unwanted', 'lacking'] as const;
type Way = (typeof WAYS)[number];

/** One that broke it, with the row that proves it. */
interface Broken {
  readonly way: Way;
  readonly table: 'events' | 'requests';
  readonly id: number;
  readonly atUs: number;
  readonly reason: string | null;
  /** How much the machine would have had to add for this to be its doing; Infinity where it cannot. */
  readonly marginMs: number;
}

/** All that counts of a journey. */
export interface PageSteps {
  readonly total: number;
  /** In order of time. */
  readonly broken: readonly Broken[];
  readonly counts: Readonly<Record<Way, number>>;
  /** Ids of the steps that count. */
  readonly events: readonly number[];
}

/** Judges each step that began in one of the spans and ended or failed there, and each journey that failed on its way to it. */
export function judgeSteps(looked: Looked, evidence: Evidence, spans: readonly Span[]): PageSteps {
  const isStep = (event: { readonly kind: string }): event is StepTaken => event.kind === 'step';
  const own = evidence.recording.events.filter(isStep).filter(({ journey }) => journey === looked.journey);
  const matching = own.filter(({ step }) => looked.step === undefined || step === looked.step);
  const counted = matching.flatMap((event) => {
    const span = spans.find(({ fromUs, toUs }) => event.startedUs >= fromUs && event.startedUs < toUs);
    const hasEnded = span !== undefined && (event.atUs <= span.toUs || hasFailed(event));
    return hasEnded && event.outcome !== 'aborted' ? [{ event, span }] : [];
  });
  const usualUs = usualLengths(own, evidence.phase('baseline'));
  const wantsText = looked.shows !== undefined || looked.showsNot !== undefined;
  const known = new Set((wantsText ? matching : own).map(({ request }) => request));
  const unreached = evidence.requestsIn({ fromUs: -Infinity, toUs: Infinity }, looked.journey).filter((row) => isLost(row, known, spans));
  const broken = [...counted.flatMap((step) => brokenBy(looked, step, usualUs)), ...unreached.map(notReached)].toSorted(
    (left, right) => left.atUs - right.atUs,
  );
  const countOf = (way: Way): number => broken.filter((one) => one.way === way).length;
  return {
    total: counted.length + unreached.length,
    broken,
    counts: Object.fromEntries(WAYS.map((way) => [way, countOf(way)])) as Record<Way, number>,
    events: counted.map(({ event }) => event.id),
  };
}

function hasFailed({ outcome }: StepTaken): boolean {
  return outcome !== 'ok' && outcome !== 'aborted';
}

/** How long each step took at most while all was well, in microseconds. */
function usualLengths(steps: readonly StepTaken[], baseline: Span | null): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>();
  for (const { step, outcome, startedUs, atUs } of steps) {
    if (outcome !== 'ok' || baseline === null || startedUs < baseline.fromUs || atUs > baseline.toUs) continue;
    lengths.set(step, Math.max(lengths.get(step) ?? 0, atUs - startedUs));
  }
  return lengths;
}

function brokenBy(
  looked: Looked,
  { event, span }: { readonly event: StepTaken; readonly span: Span },
  usualUs: ReadonlyMap<string, number>,
): Broken[] {
  const way = wayOf(looked, event);
  if (way === null) return [];
  const tookUs = event.atUs - event.startedUs;
  const tookMs = toMs(tookUs);
  // Who was held up may have met a time limit of the system's, and seen what comes of that. Otherwise the fault was not felt yet, or no
  // more: a machine that stood still excuses what came soon after the span began.
  const isHeldUp = tookUs > (usualUs.get(event.step) ?? 0);
  const textMs = isHeldUp ? 0 : toMs(event.startedUs - span.fromUs);
  const margins: Record<Way, number> = {
    // A crash may be the machine's, and a page that stayed blank until the user gave up may have been slow.
    blank: event.outcome === 'ok' ? Infinity : event.outcome === 'crashed' ? 0 : tookMs,
    unreached: 0,
    // A slow machine lets pages time out.
    failed: 0,
    unwanted: textMs,
    lacking: textMs,
  };
  return [{ way, table: 'events', id: event.id, atUs: event.atUs, reason: event.reason ?? null, marginMs: margins[way] }];
}

/** What harms most comes first. */
function wayOf({ shows, showsNot, neverBlank }: Looked, event: StepTaken): Way | null {
  if (neverBlank === true && (event.isBlank || event.outcome === 'crashed')) return 'blank';
  if (shows === undefined && showsNot === undefined) return null;
  if (hasFailed(event)) return 'failed';
  if (showsNot !== undefined && event.shows.includes(showsNot)) return 'unwanted';
  return shows !== undefined && !event.shows.includes(shows) ? 'lacking' : null;
}

/** A journey that set out in time, failed, and never took the step. */
function isLost(row: RequestRow, known: ReadonlySet<number>, spans: readonly Span[]): boolean {
  const { startedUs } = row;
  if (startedUs === null || known.has(row.id) || !reachedSystem(row) || row.outcome === 'ok' || row.outcome === 'degraded') return false;
  return spans.some(({ fromUs, toUs }) => startedUs >= fromUs && startedUs < toUs);
}

function notReached(row: RequestRow): Broken {
  const reason = row.observed?.mismatch ?? row.outcome;
  return { way: 'unreached', table: 'requests', id: row.id, atUs: row.endedUs, reason, marginMs: 0 };
}
