import type { CDPSession, Page } from 'playwright-core';

/** Digits of a trace id that tell one request of a journey from the next. */
const OWN_DIGITS = 6;

/**
 * Trace ids of a journey's requests: the first has the arrival's own, and each has one of its own, as a page that asks twice
 * does not retry. The first 26 digits are the same for all of them.
 */
export function traceIds(first: string): () => string {
  const shared = first.slice(0, -OWN_DIGITS);
  const base = Number.parseInt(first.slice(-OWN_DIGITS), 16);
  let count = 0;
  return () => shared + ((base + count++) % 16 ** OWN_DIGITS).toString(16).padStart(OWN_DIGITS, '0');
}

/**
 * Gives every request of the page to `origin` a header of its own, and no request to anybody else. Through the browser's protocol, as
 * Playwright's `route` switches the cache off.
 */
export async function traceRequests(page: Page, origin: string, traceparent: () => string): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  session.on('Fetch.requestPaused', ({ requestId, request }) => {
    const headers = Object.entries({ ...request.headers, traceparent: traceparent() }).map(([name, value]) => ({ name, value }));
    // The page may have gone meanwhile, and the request with it.
    session.send('Fetch.continueRequest', { requestId, headers }).catch(() => undefined);
  });
  await session.send('Fetch.enable', { patterns: [{ urlPattern: `${origin}/*` }] });
  return session;
}
