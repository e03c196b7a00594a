import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { LIMITS } from '../../../model/limits.ts';

const LINES_KEPT = 12;
const DRAINED_WITHIN_MS = 500;
/** Longest line that is quoted in a message, in characters. */
const QUOTED_LENGTH = 400;

/** What a k6 process prints, redacted, in a file and (its end) in memory. */
export interface K6Log extends AsyncDisposable {
  read(stream: Readable): void;
  /** The last lines, oldest first. */
  lastLines(): string;
  /** Resolves when all streams have ended, or a descendant of k6 has held them open for a while. */
  drained(): Promise<void>;
}

/** Writes to the file at `path`, up to `LIMITS.logBytes`; what comes beyond it is read and let go, so that k6 never waits for us. */
export function openK6Log(path: string, redact: (text: string) => string): K6Log {
  const file = createWriteStream(path);
  const last: string[] = [];
  const streams: Promise<void>[] = [];
  let bytes = 0;
  let isFull = false;
  // A full disk must not end the run: the lines in memory are there still.
  file.on('error', () => (isFull = true));
  const write = (text: string): void => {
    const line = redact(text);
    last.push(line.slice(0, QUOTED_LENGTH));
    if (last.length > LINES_KEPT) last.shift();
    if (isFull) return;
    bytes += Buffer.byteLength(line) + 1;
    isFull = bytes > LIMITS.logBytes;
    file.write(isFull ? `halfopen: this log is cut at ${LIMITS.logBytes} bytes\n` : `${line}\n`);
  };
  return {
    read(stream) {
      let rest = '';
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = (lines.pop() ?? '').slice(-LIMITS.probeLineBytes);
        for (const line of lines) if (line !== '') write(line);
      });
      const { promise, resolve } = Promise.withResolvers<void>();
      stream.once('end', () => {
        if (rest !== '') write(rest);
        resolve();
      });
      streams.push(promise);
    },
    async drained() {
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, DRAINED_WITHIN_MS);
      await Promise.race([Promise.all(streams), late]);
      clearTimeout(timer);
    },
    lastLines: () => last.join('\n'),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        isFull = true;
        if (file.destroyed) return resolve();
        file.once('close', () => resolve());
        file.end();
      }),
  };
}
