import type { IncomingMessage, ServerResponse } from 'node:http';
import { monotonicUs } from '../../clock.ts';
import { tell } from './events.ts';
import { ApiError, errorAnswer, plainText, send, type Answer } from './reply.ts';
import { dropBody, readBody } from './request-body.ts';
import { newRequestId } from './request-id.ts';

export interface Call {
  /** The path's parts that the route names with `:`. */
  readonly names: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One route: `POST /proxies/:proxy`. */
export interface Route {
  /** Undefined where any will do. */
  readonly methods: readonly string[] | undefined;
  readonly path: string;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** Longest time for a handler, in milliseconds: then the caller is told, and what it began goes on. */
const HANDLER_MS = 25_000;

const NOT_FOUND = plainText(404, '404 page not found\n');
const BAD_REQUEST: Answer = {
  kind: 'text',
  status: 400,
  type: 'text/plain; charset=utf-8',
  text: '400 Bad Request',
  headers: { Connection: 'close' },
};
/** What Go answers to `OPTIONS *`. */
const OPTIONS: Answer = { kind: 'empty', status: 200 };
const NO_BROWSERS = plainText(403, 'User agent not allowed\n');
const TIMED_OUT: Answer = {
  kind: 'text',
  status: 503,
  type: 'text/html; charset=utf-8',
  text: '<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>',
};

/** The route that a request is for, or what it gets where there is none. */
type Found = { readonly route: Route; readonly names: Call['names'] } | { readonly answer: Answer };

/** Answers requests by the table of routes, with Toxiproxy's manners. */
export function createRouter(
  routes: readonly Route[],
  { handlerMs = HANDLER_MS }: { readonly handlerMs?: number } = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const find = routeFinder(routes);
  return (request, response) => {
    const sinceUs = monotonicUs();
    const found = find(request);
    if ('answer' in found) {
      void sendAfterBody(request, response, found.answer, null);
      return;
    }
    void answerOf(request, found.route, found.names, handlerMs).then((answer) => {
      tellAccess(request, answer, monotonicUs() - sinceUs);
      return sendAfterBody(request, response, answer, newRequestId());
    });
  };
}

/** Where the answer ends the connection, a caller that still writes is heard out: it would lose the answer in a reset. */
async function sendAfterBody(...[request, response, answer, requestId]: Parameters<typeof send>): Promise<void> {
  if (!response.shouldKeepAlive) await dropBody(request);
  send(request, response, answer, requestId);
}

function routeFinder(routes: readonly Route[]): (request: IncomingMessage) => Found {
  const patterns = routes.map((route) => ({ route, parts: route.path.split('/') }));
  return (request) => {
    if ((request.headersDistinct['host'] ?? []).length > 1) return { answer: BAD_REQUEST };
    const { origin, path, query } = readTarget(request.url ?? '/');
    if (path === '*' && request.method === 'OPTIONS') return { answer: OPTIONS };
    const clean = cleanPath(path);
    if (clean !== path) return { answer: { kind: 'empty', status: 301, headers: { Location: `${origin}${clean}${query}` } } };
    const given = path.split('/').map(decode);
    if (!given.every((part) => part !== null)) return { answer: BAD_REQUEST };
    const fits = patterns.flatMap(({ route, parts }) => {
      const names = match(parts, given);
      return names === null ? [] : [{ route, names }];
    });
    if (fits.length === 0) return { answer: NOT_FOUND };
    return fits.find(({ route }) => route.methods?.includes(request.method ?? '') !== false) ?? { answer: { kind: 'empty', status: 405 } };
  };
}

/** Never rejects. */
async function answerOf(request: IncomingMessage, route: Route, names: Call['names'], handlerMs: number): Promise<Answer> {
  if (request.headers['user-agent']?.startsWith('Mozilla/') === true) return NO_BROWSERS;
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => resolve(TIMED_OUT), handlerMs);
  });
  try {
    return await Promise.race([handled(request, route, names), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

async function handled(request: IncomingMessage, route: Route, names: Call['names']): Promise<Answer> {
  try {
    return await route.handle({ names, body: await readBody(request) });
  } catch (error) {
    return errorAnswer(error instanceof ApiError ? error : new ApiError(500, error instanceof Error ? error.message : String(error)));
  }
}

function tellAccess(request: IncomingMessage, answer: Answer, durationUs: number): void {
  tell('debug', '', {
    client: `${request.socket.remoteAddress}:${request.socket.remotePort}`,
    method: request.method,
    url: request.url,
    user_agent: request.headers['user-agent'] ?? '',
    status: answer.kind === 'stream' ? 200 : answer.status,
    duration: durationUs / 1000,
  });
}

function match(parts: readonly string[], given: readonly string[]): Record<string, string> | null {
  if (parts.length !== given.length) return null;
  const names: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const text = given[index] ?? '';
    if (part.startsWith(':') && text !== '') names[part.slice(1)] = text;
    else if (part !== text) return null;
  }
  return names;
}

interface Target {
  /** `http://host` where the target names one, as a request to a proxy server does; else empty. */
  readonly origin: string;
  readonly path: string;
  /** With its question mark, if it has one. */
  readonly query: string;
}

function readTarget(url: string): Target {
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i.exec(url)?.[0] ?? '';
  const rest = url.slice(origin.length);
  const at = rest.includes('?') ? rest.indexOf('?') : rest.length;
  return { origin: origin.replace(/^[^:]*/, (scheme) => scheme.toLowerCase()), path: rest.slice(0, at), query: rest.slice(at) };
}

/** Without empty parts, `.` and `..`; a slash at the end stays. */
function cleanPath(path: string): string {
  if (path === '*') return '/%2A';
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = `/${parts.join('/')}`;
  return clean !== '/' && path.endsWith('/') ? `${clean}/` : clean;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
