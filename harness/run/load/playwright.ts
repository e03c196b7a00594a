import type { Plan } from '../../model/plan.ts';
import type { LoadCheck, LoadContext, LoadDriver } from './contract.ts';
import { checkInProcess, startProcess } from './playwright/follow.ts';
import type { BrowserJob, CheckJob, WantedJourney } from './playwright/messages.ts';
import { shareOf } from './share.ts';

/** Journeys in a real Chromium, and requests that its pages fetch: tens of arrivals a second and core. */
export const playwrightDriver: LoadDriver = {
  kind: 'playwright',
  needs: [],
  schema: {},
  accepts: ['open'],
  describe: () => 'a Chromium of its own: journeys in pages, requests fetched by pages',
  check: (context) => checkInProcess(checkJobOf(context), context.signal),
  start: (context) => startProcess(jobOf(context), context),
};

function checkJobOf({ plan, projectFolder }: LoadCheck): CheckJob {
  return { journeys: journeysOf(plan), browser: plan.browser, projectFolder };
}

function journeysOf({ load, expectations }: Plan): readonly WantedJourney[] {
  const journeys = load.kind === 'open' ? (load.journeys ?? []) : [];
  return journeys.map((template) => ({ ...template, texts: textsFor(template.name, expectations) }));
}

/** Texts that expectations on this journey ask for, or ask not to be there. */
function textsFor(journey: string, expectations: Plan['expectations']): readonly string[] {
  const own = expectations.filter((expectation) => 'journey' in expectation && expectation.journey === journey);
  const fields = own.flatMap((expectation) => Object.entries(expectation).filter(([name]) => name === 'shows' || name === 'showsNot'));
  return [...new Set(fields.flatMap(([, value]) => value as unknown))].filter((text) => typeof text === 'string');
}

function jobOf(context: LoadContext): BrowserJob {
  const { plan, ordinals, entry, sentinel, clock, runId, runFolder } = context;
  const { load, schedule } = plan;
  return {
    ...checkJobOf(context),
    runId,
    runFolder,
    seed: plan.seed,
    load: load.kind === 'open' ? { requests: load.requests, values: load.values } : { requests: [], values: {} },
    ...shareOf(plan, ordinals),
    scheduled: schedule.intendedUs.length,
    phases: plan.phases,
    // An environment's address may carry more, which a message cannot.
    entry: { host: entry.host, port: entry.port },
    sentinel: { host: sentinel.host, port: sentinel.port },
    drainMs: plan.limits.drainMs,
    redact: plan.redact,
    originUs: clock.originUs,
  };
}
