import type { IncomingMessage } from 'node:http';
import { ApiError } from './reply.ts';

const LONGEST_BODY = 4 * 1024 * 1024;
/** As long as Toxiproxy waits for one. */
const BODY_MS = 15_000;
const DROP_MS = 1000;

/** Reads and drops what is left of a request, as far as it comes within a second and is not too long. */
export function dropBody(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.readableEnded || request.destroyed) return resolve();
    let bytes = 0;
    const timer = setTimeout(resolve, DROP_MS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes > LONGEST_BODY) done();
    });
    for (const end of ['end', 'error', 'close']) request.on(end, done);
  });
}

/**
 * Reads a request's body as text.
 *
 * @throws {ApiError} 400 if it is too long, too slow, or its sender leaves
 */
export function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const timer = setTimeout(() => refuse('i/o timeout'), BODY_MS);
    const refuse = (why: string): void => {
      clearTimeout(timer);
      // What is still to come is read and dropped: the sender gets its answer.
      request.off('data', keep);
      request.resume();
      reject(new ApiError(400, `bad request body: ${why}`));
    };
    const keep = (part: Buffer): void => {
      bytes += part.length;
      if (bytes > LONGEST_BODY) refuse(`longer than ${LONGEST_BODY} bytes`);
      else parts.push(part);
    };
    request.on('data', keep);
    request.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(parts).toString('utf8'));
    });
    request.on('error', () => refuse('unexpected EOF'));
  });
}
