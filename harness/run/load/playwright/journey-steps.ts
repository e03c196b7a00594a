import type { Page } from 'playwright-core';
import type { StepTaken } from '../../../model/event.ts';
import { judgeThrown, type JourneyEnd } from './journey-end.ts';
import type { JourneyContext } from './journey.ts';
import { readFacts, VITALS_KEY, type PageFacts } from './page-facts.ts';
import { within } from './pictures.ts';
import type { GivenUp, Trip } from './trip.ts';

/** How long a page may take to say what it shows, in milliseconds. */
const LOOK_MS = 5000;
/** A look that meets one document's end is taken again. */
const LOOKS_MAX = 5;
/** How long a lost browser may take to be noticed, in milliseconds. */
const NOTICE_MS = 250;

const NO_VITALS: StepTaken['vitals'] = { lcpMs: null, inpMs: null, cls: null };
const UNSEEN: PageFacts = { shows: [], isBlank: false, vitals: NO_VITALS };
/** A crashed page is an empty one. */
const CRASHED: PageFacts = { ...UNSEEN, isBlank: true };

interface Step {
  readonly name: string;
  readonly place: number;
  readonly startedUs: number;
  readonly consoleErrors: number;
  readonly failedRequests: number;
}

/** The steps of one journey. */
export interface Steps {
  readonly step: JourneyContext['step'];
  /** Tells how the steps that are open ended, and so the journey; `lastWords` ends its code and says what that waited for. */
  giveUp(how: GivenUp, endedUs: number, lastWords: () => Promise<string | undefined>): Promise<JourneyEnd>;
}

export function openSteps(trip: Trip): Steps {
  const open = new Set<Step>();
  let places = 0;
  return {
    async step(name, go) {
      if (trip.givenUp !== null) throw new Error(`Cannot take the step '${name}' as the journey must not be over: it was ${trip.givenUp}`);
      const step: Step = {
        name,
        place: places++,
        startedUs: trip.world.nowUs(),
        consoleErrors: trip.seen?.consoleErrors ?? 0,
        failedRequests: trip.seen?.failedRequests ?? 0,
      };
      open.add(step);
      let end: { readonly step: StepTaken['outcome']; readonly reason?: string } = { step: 'ok' };
      try {
        return await go();
      } catch (error) {
        if (closedBy(error)) await within(trip.whenGivenUp, NOTICE_MS);
        const judged = judgeThrown(error, trip.seen?.status ?? 0);
        if (trip.givenUp === null) trip.failure ??= judged;
        end = judged;
        throw error;
      } finally {
        // Whoever gave the journey up tells how its steps ended.
        if (trip.givenUp === null && open.delete(step)) {
          const endedUs = trip.world.nowUs();
          tell(trip, step, { ...end, endedUs, facts: await look(trip, step.name, end.step) });
        }
      }
    },
    async giveUp(how, endedUs, lastWords) {
      const facts = how === 'timeout' ? await look(trip, [...open].at(-1)?.name ?? 'end', how) : how === 'crashed' ? CRASHED : UNSEEN;
      const waited = await lastWords();
      const end = endOf(how, trip.lane.template.timeoutMs, waited);
      for (const step of open) tell(trip, step, { ...end, endedUs, facts });
      open.clear();
      return end;
    },
  };
}

/** Whether an error may come from a page, context or browser that went away. */
export function closedBy(error: unknown): boolean {
  return error instanceof Error && /\b(?:closed|crashed|disconnected)\b/i.test(error.message);
}

function endOf(how: GivenUp, timeoutMs: number, waited: string | undefined): JourneyEnd {
  switch (how) {
    case 'timeout':
      return { outcome: 'timeout', step: how, reason: `did not end within ${timeoutMs} ms${waited === undefined ? '' : ` (${waited})`}` };
    case 'crashed':
      return { outcome: 'aborted', step: how, reason: 'the browser or its page crashed' };
    case 'aborted':
      return { outcome: 'aborted', step: how };
  }
}

interface Told {
  readonly step: StepTaken['outcome'];
  readonly reason?: string;
  readonly endedUs: number;
  readonly facts: PageFacts;
}

function tell({ world, arrival, seen }: Trip, step: Step, { step: outcome, reason, endedUs, facts }: Told): void {
  world.onEvent({
    kind: 'step',
    atUs: Math.round(endedUs),
    journey: arrival.name,
    request: arrival.ordinal,
    step: step.name,
    place: step.place,
    startedUs: Math.round(step.startedUs),
    outcome,
    ...facts,
    consoleErrors: (seen?.consoleErrors ?? 0) - step.consoleErrors,
    failedRequests: (seen?.failedRequests ?? 0) - step.failedRequests,
    ...(reason === undefined ? {} : { reason: world.redact(reason) }),
  });
}

/** What the page shows now, with a picture of it where one is due. */
async function look({ sitter, lane, world }: Trip, step: string, outcome: StepTaken['outcome']): Promise<PageFacts> {
  if (sitter === null) return UNSEEN;
  const facts = await within(factsOf(sitter.page, lane.template.texts), LOOK_MS);
  if (facts === null) return UNSEEN;
  const shown = [world.phaseAt(world.nowUs()), outcome, facts.isBlank, ...facts.shows].join('\n');
  await world.album.ofStep(sitter, { step, shown });
  return facts;
}

async function factsOf(page: Page, texts: readonly string[]): Promise<PageFacts | null> {
  for (let tries = 0; tries < LOOKS_MAX && !page.isClosed(); tries++) {
    try {
      return await page.evaluate(readFacts, { key: VITALS_KEY, texts });
    } catch {
      // Between two documents: the next one can be asked.
    }
  }
  return null;
}
