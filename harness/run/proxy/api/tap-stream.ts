import { lstatSync, unlinkSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Writable } from 'node:stream';
import { HarnessError } from '../../../model/problem.ts';
import { monotonicUs } from '../../clock.ts';
import type { TapLog, TapReader } from '../tap/tap-log.ts';

const HEALTH_MS = 1000;

/** Streams what the taps see as lines of JSON, with the proxy's own health once a second. A new reader replaces the one before. */
export function streamTaps(log: TapLog, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  response.flushHeaders();
  writeTaps(log, response);
}

/**
 * Streams the same lines to whoever connects to a local socket, which only this user may do. A socket that a dead process left
 * behind is replaced.
 *
 * @throws {HarnessError} if the path is taken or cannot be had
 */
export async function serveTapSocket(log: TapLog, path: string): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A reader has nothing to say; reading on is how its leaving is noticed.
    socket.resume();
    writeTaps(log, socket);
  });
  try {
    await removeDeadSocket(path);
    await listen(server, path);
    await chmod(path, 0o600);
  } catch (error) {
    server.close();
    throw new HarnessError(`Cannot serve the taps as '${path}' must be a free path for a socket: ${(error as Error).message}`, {
      cause: error,
    });
  }
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function writeTaps(log: TapLog, out: Writable): void {
  const reader: TapReader = {
    write: (lines, done) =>
      out.write(lines, (error) => {
        if (error === undefined || error === null) done();
      }),
    replaced: () => out.destroy(),
  };
  out.on('drain', () => log.drained(reader));
  const health = startHealth((line) => log.sendLine(line));
  out.on('error', () => out.destroy());
  out.on('close', () => {
    health[Symbol.dispose]();
    log.detach(reader);
  });
  log.attach(reader);
}

function startHealth(send: (line: string) => void): Disposable {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let cpu = process.cpuUsage();
  let sinceUs = monotonicUs();
  const timer = setInterval(() => {
    const used = process.cpuUsage(cpu);
    const nowUs = monotonicUs();
    // The monitor's own 10 ms are no delay.
    const loopDelayP99Ms = Math.max(0, delay.percentile(99) / 1e6 - 10);
    send(JSON.stringify({ health: { atUs: nowUs, loopDelayP99Ms, cpuRatio: (used.user + used.system) / (nowUs - sinceUs) } }));
    delay.reset();
    cpu = process.cpuUsage();
    sinceUs = nowUs;
  }, HEALTH_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      delay.disable();
    },
  };
}

async function removeDeadSocket(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isSocket() === true && !(await isAnswered(path))) unlinkSync(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const answer = (isAlive: boolean): void => {
      socket.destroy();
      resolve(isAlive);
    };
    socket.on('connect', () => answer(true));
    socket.on('error', (error: NodeJS.ErrnoException) => answer(error.code !== 'ECONNREFUSED'));
  });
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
