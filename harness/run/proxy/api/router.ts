import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError, errorAnswer, send, type Answer } from './reply.ts';

export interface Call {
  /** The path's parts that the route names with `:`. */
  readonly names: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One route: `POST /proxies/:proxy`. */
export interface Route {
  readonly methods: readonly string[];
  readonly path: string;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

const LONGEST_BODY = 4 * 1024 * 1024;
const NOT_FOUND: Answer = { kind: 'text', status: 404, type: 'text/plain; charset=utf-8', text: '404 page not found\n' };

/** Answers requests by the table of routes, with Toxiproxy's manners. */
export function createRouter(routes: readonly Route[]): (request: IncomingMessage, response: ServerResponse) => void {
  let ordinal = 0;
  const patterns = routes.map((route) => ({ route, parts: route.path.split('/') }));
  const answerOf = async (request: IncomingMessage): Promise<{ readonly answer: Answer; readonly isRouted: boolean }> => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const fits = patterns.flatMap(({ route, parts }) => {
      const names = match(parts, path.split('/'));
      return names === null ? [] : [{ route, names }];
    });
    if (fits.length === 0) return { answer: NOT_FOUND, isRouted: false };
    const chosen = fits.find(({ route }) => route.methods.includes(request.method ?? ''));
    if (chosen === undefined) return { answer: { kind: 'empty', status: 405 }, isRouted: false };
    if (request.headers['user-agent']?.startsWith('Mozilla/') === true) throw new ApiError(403, 'User agent not allowed');
    return { answer: await chosen.route.handle({ names: chosen.names, body: await readBody(request) }), isRouted: true };
  };
  return (request, response) => {
    const requestId = (++ordinal).toString(16).padStart(12, '0');
    answerOf(request).then(
      ({ answer, isRouted }) => send(request, response, answer, isRouted ? requestId : null),
      (error: unknown) => {
        const known = error instanceof ApiError ? error : new ApiError(500, error instanceof Error ? error.message : String(error));
        if (known.extra === undefined) response.setHeader('X-Content-Type-Options', 'nosniff');
        send(request, response, errorAnswer(known), requestId);
      },
    );
  };
}

function match(parts: readonly string[], given: readonly string[]): Record<string, string> | null {
  if (parts.length !== given.length) return null;
  const names: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const text = decode(given[index] ?? '');
    if (part.startsWith(':') && text !== null && text !== '') names[part.slice(1)] = text;
    else if (part !== text) return null;
  }
  return names;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > LONGEST_BODY) throw new ApiError(400, 'bad request body: too long');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
