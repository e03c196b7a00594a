import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a handler answers. */
export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly body: unknown }
  | {
      readonly kind: 'text';
      readonly status: number;
      readonly type: string;
      readonly text: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'empty'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The handler writes to the response itself. */
  | { readonly kind: 'stream'; readonly begin: (request: IncomingMessage, response: ServerResponse) => void };

/** An error as Toxiproxy's API tells it. */
export class ApiError extends Error {
  readonly status: number;
  /** Further fields, for the errors of /populate. */
  readonly extra: Readonly<Record<string, unknown>> | undefined;

  constructor(status: number, message: string, extra?: Readonly<Record<string, unknown>>) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.extra = extra;
  }
}

export function json(status: number, body: unknown): Answer {
  return { kind: 'json', status, body };
}

/** JSON to the byte as Toxiproxy's routes write it: no newline, and what HTML could misread as escapes. */
export function goJson(status: number, body: unknown): Answer {
  return { kind: 'text', status, type: 'application/json', text: goText(body) };
}

export function goText(body: unknown): string {
  return JSON.stringify(body).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A text that no browser is to take for anything else. */
export function plainText(status: number, text: string): Answer {
  return { kind: 'text', status, type: 'text/plain; charset=utf-8', text, headers: { 'X-Content-Type-Options': 'nosniff' } };
}

export const NO_CONTENT: Answer = { kind: 'empty', status: 204 };

/** Sends an answer; `requestId` is set on routed ones. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer, requestId: string | null): void {
  if (requestId !== null) response.setHeader('X-Toxiproxy-Request-Id', requestId);
  if (answer.kind === 'stream') {
    answer.begin(request, response);
  } else if (answer.kind === 'empty') {
    response.writeHead(answer.status, { ...answer.headers, ...(answer.status === 204 ? {} : { 'Content-Length': 0 }) }).end();
  } else {
    const text = answer.kind === 'json' ? `${JSON.stringify(answer.body)}\n` : answer.text;
    response.writeHead(answer.status, {
      ...(answer.kind === 'text' ? answer.headers : {}),
      'Content-Type': answer.kind === 'json' ? 'application/json' : answer.type,
      'Content-Length': Buffer.byteLength(text),
    });
    response.end(text);
  }
}

/** Toxiproxy's errors are JSON under a text type; those of /populate keep theirs. */
export function errorAnswer(error: ApiError): Answer {
  const body = { error: error.message, status: error.status };
  return error.extra === undefined ? plainText(error.status, `${goText(body)}\n`) : goJson(error.status, { ...body, ...error.extra });
}
