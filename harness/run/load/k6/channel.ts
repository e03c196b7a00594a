import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { HarnessError, UsageError } from '../../../model/problem.ts';
import type { FromK6, ToK6 } from './protocol.ts';

/** Longest path of a unix socket that every kernel takes, in bytes. */
const SOCKET_PATH_BYTES = 100;
/** Longest line that k6 may say, in characters: a body of `LIMITS.bodyBytes` as JSON, and what stands around it. */
const LINE_LENGTH = 4 * 1024 * 1024;
const DRAINED_WITHIN_MS = 1000;

export interface ChannelListener {
  /** All records that came at once, in order. */
  onRecords(records: readonly FromK6[]): void;
  /** What came was no record; nothing more is read. */
  onGarbage(error: HarnessError): void;
}

/** The harness's end of a socket that one k6 process connects to, in that process's private folder. */
export interface Channel extends AsyncDisposable {
  readonly folder: string;
  readonly socketPath: string;
  /** To a k6 that is gone it says nothing: its exit is told by itself. */
  send(message: ToK6): void;
  /** Resolves when everything that a k6 said which is gone by now was read. */
  drained(): Promise<void>;
}

/** @throws {UsageError} if the folder for temporary files has too long a path for a socket */
export async function openChannel(folder: string, listener: ChannelListener): Promise<Channel> {
  await using stack = new AsyncDisposableStack();
  const socketPath = join(folder, 's');
  if (Buffer.byteLength(socketPath) > SOCKET_PATH_BYTES) {
    throw new UsageError(
      `Cannot talk to k6 as the folder for temporary files must have a path short enough for a socket (at most ${SOCKET_PATH_BYTES} bytes with the socket's name): ` +
        `current value is ${socketPath}; set TMPDIR to a shorter one`,
    );
  }
  const server = createServer();
  await listen(server, socketPath);
  let k6: Socket | undefined;
  stack.defer(() => {
    k6?.destroy();
    server.close();
  });
  server.on('connection', (socket) => {
    // One process, one connection.
    if (k6 !== undefined) return void socket.destroy();
    k6 = socket;
    readRecords(socket, listener);
  });
  const kept = stack.move();
  return {
    folder,
    socketPath,
    send: (message) => {
      if (k6?.writable === true) k6.write(`${JSON.stringify(message)}\n`);
    },
    drained: () => drained(k6),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function drained(socket: Socket | undefined): Promise<void> {
  if (socket === undefined || socket.closed) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  // A descendant of k6 may hold its end open.
  const timer = setTimeout(resolve, DRAINED_WITHIN_MS);
  socket.once('close', () => resolve());
  return promise.finally(() => clearTimeout(timer));
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new HarnessError(`Cannot listen for k6 at ${path}: ${error.message}`, { cause: error })));
    server.listen(path, () => resolve());
  });
}

function readRecords(socket: Socket, { onRecords, onGarbage }: ChannelListener): void {
  let rest = '';
  let isOver = false;
  socket.setEncoding('utf8');
  socket.on('data', (text: string) => {
    if (isOver) return;
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    const { records, error } = recordsIn(lines);
    const problem = error ?? (rest.length > LINE_LENGTH ? new SyntaxError(`a line of more than ${LINE_LENGTH} characters`) : null);
    // What came before the garbage was said all the same.
    if (records.length > 0) onRecords(records);
    if (problem === null) return;
    isOver = true;
    onGarbage(new HarnessError(`Cannot read what k6 says: ${problem.message}`, { cause: problem }));
  });
  // Its exit tells why.
  socket.on('error', () => undefined);
}

/** Records up to the first line that is none. */
function recordsIn(lines: readonly string[]): { readonly records: readonly FromK6[]; readonly error: SyntaxError | null } {
  const records: FromK6[] = [];
  try {
    for (const line of lines) records.push(JSON.parse(line) as FromK6);
    return { records, error: null };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { records, error };
  }
}
