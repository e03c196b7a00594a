import type { StepTaken } from '../../model/event.ts';
import type { Recording, RequestRow } from '../../model/recording.ts';
import { rounded, type Axis } from './axis.ts';
import { spread } from './evidence.ts';
import { DRAIN, phaseOfMoment } from './lanes.ts';
import { classOf, type JourneyCell, type JourneyRow, type JourneyView, type PictureView, type RunDetail } from './payload.ts';
import { journeyNames, rank } from './series.ts';

/** Most steps of one journey that get rows of their own. */
const MAX_STEPS = 30;
/** Most failed steps of one journey that are listed. */
const MAX_FAILURES = 24;

/** What began in one phase and ended in another belongs to neither: phases are never mixed. */
const ACROSS = 'across';

type Phases = RunDetail['phases'];

/** Journeys by step and phase. The warm-up is left out, as no check judges it. */
export function journeyViews(recording: Recording, phases: Phases, pictures: readonly PictureView[], axis: Axis): JourneyView[] {
  const steps = recording.events.filter((event) => event.kind === 'step');
  const names = new Set([...journeyNames(recording.run.plan.load), ...steps.map(({ journey }) => journey)]);
  return [...names].flatMap((name) => {
    const own = steps.filter(({ journey }) => journey === name);
    const users = recording.requests.filter((row) => row.name === name);
    return own.length === 0 && users.length === 0 ? [] : [viewOf({ name, own, users, phases, pictures, axis, recording })];
  });
}

interface Journey {
  readonly name: string;
  readonly own: readonly StepTaken[];
  readonly users: readonly RequestRow[];
  readonly phases: Phases;
  readonly pictures: readonly PictureView[];
  readonly axis: Axis;
  readonly recording: Recording;
}

function viewOf({ name, own, users, phases, pictures, axis, recording }: Journey): JourneyView {
  const phaseAt = (atUs: number): string => phaseOfMoment(axis.ms(atUs), phases);
  const phaseOf = ({ startedUs, atUs }: StepTaken): string => {
    const phase = phaseAt(startedUs);
    // A step that outlasts the last phase ended in the drain: it is the last phase's all the same.
    const ended = phaseAt(atUs);
    return ended === DRAIN || ended === phase ? phase : ACROSS;
  };
  const stepsIn = Map.groupBy(own, phaseOf);
  const usersIn = Map.groupBy(users, (row) => phaseAt(row.intendedUs));
  const shown = [...phases.map((phase) => phase.name), DRAIN, ACROSS].filter(
    (phase) => phase !== 'warmup' && (stepsIn.has(phase) || usersIn.has(phase)),
  );
  const wanted = wantedTexts(recording, name, own);
  const failed = own.filter(isFailed);
  return {
    name,
    users: users.length,
    phases: shown,
    rows: [
      { step: null, cells: shown.map((phase) => cellOfUsers(usersIn.get(phase) ?? [])) },
      ...stepNames(own).map((step): JourneyRow => ({
        step,
        cells: shown.map((phase) =>
          cellOfSteps(
            (stepsIn.get(phase) ?? []).filter((taken) => taken.step === step),
            wanted,
          ),
        ),
      })),
    ],
    failures: spread(failed, MAX_FAILURES).map((step) => ({
      event: step.id,
      atMs: axis.ms(step.atUs),
      request: step.request,
      step: step.step,
      outcome: step.outcome,
      reason: step.reason ?? '',
      picture: pictures.find((picture) => picture.request === step.request && picture.subject === step.step)?.id ?? null,
    })),
    failuresTotal: failed.length,
  };
}

/** The journey's steps in their order, each name once. */
function stepNames(steps: readonly StepTaken[]): string[] {
  const places = new Map<string, number>();
  for (const { step, place } of steps) places.set(step, Math.min(place, places.get(step) ?? Infinity));
  return [...places]
    .toSorted(([, left], [, right]) => left - right)
    .slice(0, MAX_STEPS)
    .map(([step]) => step);
}

/** What expectations ask to see on this journey, and whatever else was looked for and seen. */
function wantedTexts(recording: Recording, journey: string, steps: readonly StepTaken[]): string[] {
  const asked = recording.run.plan.expectations
    .filter((expectation) => Object.values(expectation).includes(journey))
    .flatMap((expectation) => {
      const { shows, showsNot } = expectation as { readonly shows?: unknown; readonly showsNot?: unknown };
      return [shows, showsNot].filter((text) => typeof text === 'string');
    });
  return [...new Set([...asked, ...steps.flatMap(({ shows }) => shows)])];
}

function isFailed({ outcome }: StepTaken): boolean {
  return outcome === 'failed' || outcome === 'timeout' || outcome === 'crashed';
}

const NOTHING: JourneyCell = {
  runs: 0,
  ok: 0,
  failed: 0,
  p50Ms: null,
  p95Ms: null,
  shows: [],
  blank: 0,
  consoleErrors: 0,
  failedRequests: 0,
  lcpMs: null,
  inpMs: null,
  cls: null,
};

/** Whole journeys, from the time at which their users were due. */
function cellOfUsers(rows: readonly RequestRow[]): JourneyCell {
  const classes = rows.map(({ outcome }) => classOf(outcome));
  const ok = classes.filter((kind) => kind === 'ok' || kind === 'degraded').length;
  const unsent = classes.filter((kind) => kind === 'unsent').length;
  const lengths = rows.filter(({ startedUs }) => startedUs !== null).map(({ intendedUs, endedUs }) => (endedUs - intendedUs) / 1000);
  return { ...NOTHING, runs: rows.length, ok, failed: rows.length - ok - unsent, ...lengthsOf(lengths) };
}

function cellOfSteps(steps: readonly StepTaken[], wanted: readonly string[]): JourneyCell {
  const sum = (pick: (step: StepTaken) => number): number => steps.reduce((total, step) => total + pick(step), 0);
  const p75 = (pick: (vitals: StepTaken['vitals']) => number | null): number | null =>
    rank(ordered(steps.flatMap(({ vitals }) => pick(vitals) ?? [])), 0.75);
  return {
    runs: steps.length,
    ok: steps.filter(({ outcome }) => outcome === 'ok').length,
    failed: steps.filter(isFailed).length,
    ...lengthsOf(steps.map(({ startedUs, atUs }) => (atUs - startedUs) / 1000)),
    shows: wanted.map((text) => ({ text, count: steps.filter(({ shows }) => shows.includes(text)).length })),
    blank: steps.filter(({ isBlank }) => isBlank).length,
    consoleErrors: sum(({ consoleErrors }) => consoleErrors),
    failedRequests: sum(({ failedRequests }) => failedRequests),
    lcpMs: p75(({ lcpMs }) => lcpMs),
    inpMs: p75(({ inpMs }) => inpMs),
    cls: p75(({ cls }) => cls),
  };
}

function lengthsOf(lengthsMs: readonly number[]): Pick<JourneyCell, 'p50Ms' | 'p95Ms'> {
  const sorted = ordered(lengthsMs);
  return { p50Ms: rank(sorted, 0.5), p95Ms: rank(sorted, 0.95) };
}

function ordered(values: readonly number[]): number[] {
  return values.toSorted((left, right) => left - right).map(rounded);
}
