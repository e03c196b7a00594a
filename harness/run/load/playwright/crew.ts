import { redactorOf } from '../../../model/redact.ts';
import type { LoadEvent } from '../contract.ts';
import { originOf } from '../origin.ts';
import { launchBrowser, type Playwright, type RunningBrowser } from './chromium.ts';
import { largestOverlap, openFetchPool, type FetchPool } from './fetch-pool.ts';
import type { BrowserJob } from './messages.ts';
import { VITALS_KEY, watchVitals } from './page-facts.ts';
import type { Album } from './pictures.ts';
import { sendingFlags } from './sending-page.ts';
import type { SideFiles } from './side-files.ts';
import type { JourneyWorld } from './trip.ts';

/** As wide as a page needs to be for its layout, and no wider: what is written on it stays legible in a small picture. */
const VIEWPORT = { width: 800, height: 600 };

/** A browser with everything that arrivals are sent through. */
export interface Crew {
  readonly running: RunningBrowser;
  /** Null where the load is journeys only. */
  readonly pool: FetchPool | null;
  readonly world: JourneyWorld;
}

/** What outlives a browser that crashes. */
export interface CrewOptions {
  readonly job: BrowserJob;
  readonly playwright: Playwright;
  readonly executable: string;
  readonly album: Album;
  readonly sideFiles: SideFiles;
  nowUs(): number;
  phaseAt(atUs: number): string;
  onEvent(event: LoadEvent): void;
  /** The browser's main process, as soon as there is one. */
  onPid(pid: number): void;
  /** The browser went away, and nobody had closed it. */
  onLost(): void;
}

/**
 * Starts the browser and warms up what will be used.
 *
 * @throws {HarnessError} if it does not start
 */
export async function openCrew(options: CrewOptions): Promise<Crew> {
  const { job, playwright, executable, album, sideFiles, nowUs, phaseAt, onEvent } = options;
  const inFlightMax = largestOverlap(fetchesOf(job));
  const flags = [...(job.browser.flags ?? []), ...(inFlightMax === 0 ? [] : sendingFlags(job.entry.host))];
  const running = await launchBrowser(playwright, executable, { ...job.browser, flags });
  options.onPid(running.pid);
  running.browser.on('disconnected', options.onLost);
  const origin = originOf(job.entry);
  const viewport = job.browser.viewport ?? VIEWPORT;
  const redact = redactorOf(job.redact).text;
  const pool =
    inFlightMax === 0
      ? null
      : await openFetchPool(running.browser, { inFlightMax, port: job.entry.port, warmUpUrl: `${originOf(job.sentinel)}/`, nowUs });
  if (job.journeys.length > 0) {
    await warmUpJourneys(running, viewport);
    await sideFiles.warmUp(running.browser);
  }
  return {
    running,
    pool,
    world: { browser: running.browser, origin, viewport, album, sideFiles, sitters: new Set(), redact, nowUs, phaseAt, onEvent },
  };
}

function fetchesOf({ load, request, intendedUs }: BrowserJob): { readonly intendedUs: number; readonly timeoutMs: number }[] {
  return [...request].flatMap((kind, place) => {
    const timeoutMs = load.requests[kind]?.timeoutMs;
    return timeoutMs === undefined ? [] : [{ intendedUs: intendedUs[place] ?? 0, timeoutMs }];
  });
}

/** The first context, page and picture of a browser cost more than the next. */
async function warmUpJourneys({ browser }: RunningBrowser, viewport: JourneyWorld['viewport']): Promise<void> {
  const context = await browser.newContext({ viewport });
  await context.addInitScript(watchVitals, VITALS_KEY);
  const page = await context.newPage();
  await page.goto('data:text/html,<h1>halfopen</h1>');
  await page.screenshot({ type: 'jpeg' });
  await context.close();
}
