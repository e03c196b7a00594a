import { createWriteStream } from 'node:fs';
import { LIMITS } from '../../model/limits.ts';

/** One service's output, redacted, in a file and (its end) in memory. */
export interface ServiceLog extends AsyncDisposable {
  readonly path: string;
  write(text: string): void;
  /** The last lines, oldest first. */
  lastLines(): readonly string[];
}

const LAST_LINES = 15;

/** Appends to the file at `path`, up to `LIMITS.logBytes`. `onLost` is called once if the file cannot be written. */
export function openServiceLog(path: string, redact: (text: string) => string, onLost: (reason: string) => void): ServiceLog {
  const file = createWriteStream(path, { flags: 'a' });
  const last: string[] = [];
  let bytes = 0;
  let isFull = false;
  file.once('error', (error) => {
    isFull = true;
    onLost(error.message);
  });

  return {
    path,
    write(text) {
      const line = redact(text);
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
      if (isFull) return;
      bytes += Buffer.byteLength(line) + 1;
      isFull = bytes > LIMITS.logBytes;
      file.write(isFull ? `halfopen: this log is cut at ${LIMITS.logBytes} bytes\n` : `${line}\n`);
    },
    lastLines: () => [...last],
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        isFull = true;
        if (file.destroyed) return resolve();
        file.once('close', () => resolve());
        file.end();
      }),
  };
}
