import type { BrowserContext, CDPSession } from 'playwright-core';
import { LIMITS } from '../../../model/limits.ts';
import { hostInUrl } from '../origin.ts';
import { netErrorIn } from './net-error.ts';
import { installSender, PAGE_NAMES, warmUpPage, type FetchEnd, type FetchOrder } from './page-sender.ts';

/** Chromium opens so many connections to one origin. */
export const REQUESTS_AT_A_TIME = 6;
/** Pages are called `p0.localhost` and so on, and all lead to the entry: each is an origin with connections of its own, and trusted as loopback is. */
const SITE = 'localhost';

/** Flags by which a browser finds the entry under the names of pages that send, and runs all of them in one process. */
export function sendingFlags(host: string): readonly string[] {
  return [`--host-resolver-rules=MAP *.${SITE} ${hostInUrl(host)}`, '--renderer-process-limit=1', '--disable-site-isolation-trials'];
}
/** A path of the entry's origin that no request goes to: the browser answers it itself. */
const BLANK_PATH = '/.halfopen/blank';
const WARM_UPS = 10;
const CLOCK_SAMPLES = 8;
/** How long the browser's word on a failed request may come after the page's, in milliseconds. */
const NET_ERROR_MS = 250;

/** How a request ended; `netError` is Chromium's name for what went wrong, null where it gave none. */
export interface PageAnswer extends FetchEnd {
  readonly netError: string | null;
}

/** The clock of a page against the run's, in microseconds: run = page + offset. */
export interface PageClock {
  readonly offsetUs: number;
  readonly uncertaintyUs: number;
}

/** A page of an origin of its own that leads to the entry, which sends requests. */
export interface SendingPage {
  /** How many are on their way. */
  inFlight: number;
  readonly clock: PageClock;
  send(order: FetchOrder, traceId: string, onEnd: (answer: PageAnswer) => void): void;
  /** Forgets a request: nobody is told of its end. */
  forget(ordinal: number): void;
  sampleClock(): Promise<PageClock>;
}

interface Waiting {
  readonly traceId: string;
  readonly onEnd: (answer: PageAnswer) => void;
}

export interface SendingPageOptions {
  /** Counts the pages of a browser. */
  readonly place: number;
  /** The entry's port. */
  readonly port: number;
  readonly warmUpUrl: string;
  nowUs(): number;
}

export async function openSendingPage(
  context: BrowserContext,
  { place, port, warmUpUrl, nowUs }: SendingPageOptions,
): Promise<SendingPage> {
  const page = await openBlank(context, `http://p${place}.${SITE}:${port}`);
  const session = await context.newCDPSession(page);
  const waiting = new Map<number, Waiting>();
  const netErrors = watchNetErrors(page);
  await listen(session, async (end) => {
    const waiter = waiting.get(end.ordinal);
    waiting.delete(end.ordinal);
    self.inFlight--;
    const isNamed = end.error === null || end.error === 'TimeoutError';
    const netError = waiter === undefined || isNamed ? null : await netErrors.of(waiter.traceId);
    waiter?.onEnd({ ...end, netError });
  });
  await page.evaluate(installSender, { names: PAGE_NAMES, bodyBytesMax: LIMITS.bodyBytes });
  await page.evaluate(warmUpPage, { url: warmUpUrl, times: WARM_UPS });
  const sampleClock = async (): Promise<PageClock> => {
    let best: PageClock = { offsetUs: 0, uncertaintyUs: Infinity };
    for (let sample = 0; sample < CLOCK_SAMPLES; sample++) {
      const askedUs = nowUs();
      const pageUs = (await page.evaluate(() => performance.now())) * 1000;
      const uncertaintyUs = (nowUs() - askedUs) / 2;
      if (uncertaintyUs < best.uncertaintyUs) best = { offsetUs: askedUs + uncertaintyUs - pageUs, uncertaintyUs };
    }
    return best;
  };
  const self: SendingPage = {
    inFlight: 0,
    clock: await sampleClock(),
    send(order, traceId, onEnd) {
      self.inFlight++;
      waiting.set(order.ordinal, { traceId, onEnd });
      // A page that is gone is no error here: whoever watches the browser is told.
      session.send('Runtime.evaluate', { expression: `${PAGE_NAMES.send}([${JSON.stringify(order)}])` }).catch(() => undefined);
    },
    forget: (ordinal) => void waiting.delete(ordinal),
    sampleClock,
  };
  return self;
}

type Page = Awaited<ReturnType<BrowserContext['newPage']>>;

async function openBlank(context: BrowserContext, origin: string): Promise<Page> {
  const page = await context.newPage();
  // With an icon of its own it does not ask the system for one.
  const body = '<!doctype html><title>halfopen</title><link rel="icon" href="data:,">';
  await page.route(origin + BLANK_PATH, (route) => route.fulfill({ contentType: 'text/html', body }));
  await page.goto(origin + BLANK_PATH);
  // What is routed is held up by Playwright: no request of the load may be.
  await page.unrouteAll();
  return page;
}

async function listen(session: CDPSession, onEnd: (end: FetchEnd) => Promise<void>): Promise<void> {
  session.on('Runtime.bindingCalled', ({ name, payload }) => {
    if (name === PAGE_NAMES.ended) void onEnd(JSON.parse(payload) as FetchEnd);
  });
  await session.send('Runtime.addBinding', { name: PAGE_NAMES.ended });
}

/** Errors by trace id: a page only learns that a request failed, and not why. */
function watchNetErrors(page: Page): { of(traceId: string): Promise<string | null> } {
  const found = new Map<string, string>();
  const asked = new Map<string, (error: string | null) => void>();
  page.on('requestfailed', (request) => {
    const traceId = request.headers()['traceparent']?.split('-')[1];
    const error = netErrorIn(request.failure()?.errorText ?? '');
    if (traceId === undefined || error === null) return;
    const tell = asked.get(traceId);
    if (tell === undefined) found.set(traceId, error);
    else tell(error);
  });
  return {
    of(traceId) {
      const known = found.get(traceId);
      found.delete(traceId);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => {
        const give = (error: string | null): void => {
          clearTimeout(timer);
          asked.delete(traceId);
          resolve(error);
        };
        const timer = setTimeout(() => give(null), NET_ERROR_MS);
        asked.set(traceId, give);
      });
    },
  };
}
