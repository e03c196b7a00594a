import { connect, type Socket } from 'node:net';

/** A caller that writes bytes as it likes and keeps what it gets. */
export interface RawCaller extends Disposable {
  readonly socket: Socket;
  send(data: string | Buffer): void;
  readonly bytes: Buffer;
  readonly text: string;
  /** Resolves with everything so far once that satisfies the condition. */
  until(condition: (text: string) => boolean): Promise<string>;
  /** Resolves with everything so far once that is so many bytes. */
  untilBytes(count: number): Promise<Buffer>;
  /** How the connection ended: the callee's end of it, or a reset. */
  ended(): Promise<'end' | 'reset'>;
}

const DEADLINE_MS = 15_000;

export async function dial(port: number): Promise<RawCaller> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const parts: Buffer[] = [];
  const checks = new Set<() => void>();
  let how: 'end' | 'reset' | null = null;
  const look = (): void => checks.forEach((check) => check());
  socket.on('data', (data) => {
    parts.push(data);
    look();
  });
  socket.on('end', () => {
    how ??= 'end';
    look();
  });
  socket.on('error', () => {
    how ??= 'reset';
    look();
  });
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  const text = (): string => Buffer.concat(parts).toString('latin1');
  const wait = <T>(ready: () => T | null, what: string): Promise<T> =>
    new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        checks.delete(check);
        reject(new Error(`${what} did not come; so far (${how ?? 'open'}): ${text().slice(0, 2000)}`));
      }, DEADLINE_MS);
      const check = (): void => {
        const value = ready();
        if (value === null) return;
        clearTimeout(deadline);
        checks.delete(check);
        resolve(value);
      };
      checks.add(check);
      check();
    });
  return {
    socket,
    send: (data) => void socket.write(data),
    get bytes() {
      return Buffer.concat(parts);
    },
    get text() {
      return text();
    },
    until: (condition) => wait(() => (condition(text()) ? text() : null), 'what was waited for'),
    untilBytes: (count) => wait(() => (socket.bytesRead >= count ? Buffer.concat(parts) : null), `${count} bytes`),
    ended: () => wait(() => how, 'the end'),
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
