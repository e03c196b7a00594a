import type { JourneyByUsers } from '../../../model/load.ts';
import { HarnessError } from '../../../model/problem.ts';
import type { RequestRow } from '../../../model/recording.ts';
import { isByUsers } from '../../../model/users.ts';
import type { LoadEvent } from '../contract.ts';
import type { Totals } from '../messages.ts';
import { INSTANCE } from './arrival-row.ts';
import { findBrowser, loadPlaywright } from './chromium.ts';
import { openCrew, type Crew, type CrewOptions } from './crew.ts';
import { openFlow, type Flow, type Voyage } from './flow.ts';
import { importJourneys } from './journey-file.ts';
import { openLanes } from './lanes.ts';
import type { BrowserJob, Occasion } from './messages.ts';
import { openAlbum, PICTURE_LIMITS, within } from './pictures.ts';
import type { PageClock } from './sending-page.ts';
import { openSideFiles } from './side-files.ts';

/** The browser may crash and be started again so often. */
const CRASHES_MAX = 1;
/** How long the pages may take to tell their clocks at the end, in milliseconds. */
const LAST_SAMPLE_MS = 3000;

/** The load of one run, from a warm browser to the last answer. Times in microseconds since run start. */
export interface BrowserSession extends Pick<Flow, 'begin' | 'stop'> {
  /** Takes a picture of an open page. */
  notice(occasion: Occasion): void;
  /** How late arrivals were sent since the last call, in microseconds. */
  takeStartLags(): readonly number[];
  counts(): { readonly inFlight: number; readonly sent: number };
  /** CPU that the browser has used, in seconds; 0 while there is none. */
  browserCpuSeconds(): Promise<number>;
  /** Rejects when the browser crashed too often. */
  readonly ended: Promise<Totals>;
  close(): Promise<void>;
}

export interface SessionListener {
  nowUs(): number;
  onRow(row: RequestRow): void;
  onEvent(event: LoadEvent): void;
  onPid(pid: number): void;
}

/**
 * Starts the browser for a load.
 *
 * @throws {UsageError} if the browser, playwright-core or a journey is missing, or a request's schema is no JSON Schema
 * @throws {HarnessError} if the browser does not start
 */
export async function openSession(job: BrowserJob, listener: SessionListener): Promise<BrowserSession> {
  const { nowUs, onEvent, onRow, onPid } = listener;
  const playwright = await loadPlaywright();
  const places = { projectFolder: job.projectFolder, path: process.env['PATH'] ?? '', own: playwright.chromium.executablePath() };
  const executable = findBrowser(job.browser, places);
  const lanes = openLanes(job, await importJourneys(job.journeys, job.projectFolder));
  const album = openAlbum({ runFolder: job.runFolder, totalUs: job.phases.at(-1)?.toUs ?? 0, nowUs, onEvent });
  const sideFiles = openSideFiles(job.browser, job.runFolder);
  const voyage: Voyage = { job, lanes, nowUs, onRow, flights: new Set(), journeys: 0, sent: 0, startLags: [], crew: null };
  const flow = openFlow(voyage);
  const phaseAt = (atUs: number): string => job.phases.findLast(({ fromUs }) => fromUs <= atUs - flow.beganUs())?.name ?? 'before';
  const tell = teller(listener);
  const keeper = keepCrew({ job, playwright, executable, album, sideFiles, nowUs, phaseAt, onEvent, onPid }, { voyage, flow, tell });
  const { running, pool } = await keeper.start();
  tell.driver('program', `playwright-core ${playwright.version}`);
  tell.driver('browser', `Chromium ${running.browser.version()}`);
  for (const journey of job.journeys) if (isByUsers(journey)) tell.driver('degraded', closedModelWords(journey));
  tell.clock(pool?.clock() ?? null);
  const finish = async (totals: Totals): Promise<Totals> => {
    keeper.expectEnd();
    const { leftOut } = await album.close();
    const { files, bytes } = PICTURE_LIMITS;
    if (leftOut > 0) tell.driver('degraded', `${leftOut} pictures were left out: a run keeps ${files}, of ${bytes} bytes together`);
    for (const loss of sideFiles.losses()) tell.driver('degraded', loss);
    const delayed = voyage.crew?.pool?.delayed() ?? 0;
    if (delayed > 0) tell.driver('degraded', `${delayed} requests were sent late, as the browser had no connection left for them`);
    const sampling = voyage.crew?.pool?.sampleClock().catch(() => null);
    if (sampling !== undefined) tell.clock(await within(sampling, LAST_SAMPLE_MS));
    return totals;
  };
  return {
    begin: flow.begin,
    stop: flow.stop,
    notice({ occasion, subject }) {
      const sitter = [...(voyage.crew?.world.sitters ?? [])].findLast(({ page }) => page.url() !== 'about:blank');
      if (sitter !== undefined) void album.ofOccasion(sitter, occasion, subject);
    },
    takeStartLags: () => voyage.startLags.splice(0),
    counts: () => ({ inFlight: voyage.flights.size, sent: voyage.sent }),
    browserCpuSeconds: async () => (await voyage.crew?.running.cpuSeconds().catch(() => 0)) ?? 0,
    ended: flow.ended.then(finish),
    async close() {
      keeper.expectEnd();
      await voyage.crew?.running.browser.close();
    },
  };
}

/** What a journey by users cannot show. */
function closedModelWords({ name, users }: JourneyByUsers): string {
  const who = users === 1 ? '1 user goes' : `${users} users go`;
  return `${who} the journey ${name} again and again, a closed model: nobody sets out while they wait, so its times hide the wait of those who would have come`;
}

interface Teller {
  driver(what: 'program' | 'browser' | 'degraded', detail: string): void;
  clock(clock: PageClock | null): void;
}

function teller({ nowUs, onEvent }: Pick<SessionListener, 'nowUs' | 'onEvent'>): Teller {
  return {
    driver: (what, detail) =>
      onEvent({ kind: 'driver', atUs: Math.round(nowUs()), driver: 'playwright', instance: INSTANCE, what, detail }),
    clock(clock) {
      if (clock === null) return;
      const { offsetUs, uncertaintyUs } = clock;
      const sample = { offsetUs: Math.round(offsetUs), uncertaintyUs: Math.ceil(uncertaintyUs) };
      onEvent({ kind: 'clock', atUs: Math.round(nowUs()), source: 'browser', ...sample });
    },
  };
}

interface CrewKeeper {
  start(): Promise<Crew>;
  /** From now on a browser that goes away has not crashed. */
  expectEnd(): void;
}

/** Starts the browser, and once more when it crashes. */
function keepCrew(
  options: Omit<CrewOptions, 'onLost'>,
  { voyage, flow, tell }: { readonly voyage: Voyage; readonly flow: Flow; readonly tell: Teller },
): CrewKeeper {
  let crashes = 0;
  let isEndExpected = false;
  const start = async (): Promise<Crew> => (voyage.crew = await openCrew({ ...options, onLost: () => void recover() }));
  const recover = async (): Promise<void> => {
    if (isEndExpected) return;
    voyage.crew = null;
    for (const flight of voyage.flights) flight.settle('crashed');
    if (++crashes > CRASHES_MAX) return flow.fail(new HarnessError(`the browser crashed ${crashes} times: ${options.executable}`));
    tell.driver('degraded', 'the browser crashed and was started again: arrivals under way were aborted, those meanwhile are shed');
    try {
      await start();
    } catch (error) {
      flow.fail(error as Error);
    }
  };
  return { start, expectEnd: () => void (isEndExpected = true) };
}
