import type { Page, Request, Response } from 'playwright-core';

/** What was seen of a journey's page so far. */
export interface Watched {
  consoleErrors: number;
  /** Requests that got no answer, or one of 400 and above. */
  failedRequests: number;
  /** Status of the last document, 0 where none came. */
  status: number;
  /** When the head of the first document's answer came. */
  firstByteUs: number | null;
  /** Size of the last document as it was told; 0 where it was not. */
  bytes: number;
}

/** Counts what happens on a page, from now on. */
export function watchPage(page: Page, nowUs: () => number): Watched {
  const watched: Watched = { consoleErrors: 0, failedRequests: 0, status: 0, firstByteUs: null, bytes: 0 };
  page.on('console', (message) => {
    if (message.type() === 'error') watched.consoleErrors++;
  });
  page.on('pageerror', () => watched.consoleErrors++);
  page.on('requestfailed', (request) => {
    watched.failedRequests++;
    // Of a document that does not come, the one before says nothing any more.
    if (isDocument(page, request)) watched.status = 0;
  });
  page.on('response', (response: Response) => {
    const status = response.status();
    if (status >= 400) watched.failedRequests++;
    if (!isDocument(page, response.request())) return;
    watched.firstByteUs ??= nowUs();
    watched.status = status;
    watched.bytes = Number(response.headers()['content-length'] ?? 0);
  });
  return watched;
}

function isDocument(page: Page, request: Request): boolean {
  return request.isNavigationRequest() && request.frame() === page.mainFrame();
}
