import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { availableParallelism, release } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DEFAULT_GUARDS } from '../../model/guards.ts';
import { formatMs } from '../../model/time.ts';
import type { Diagnosis, Look } from './diagnosis.ts';

const NODE_NEEDED = 24;

function node(): Diagnosis {
  const found = `Node ${process.versions.node} (${process.execPath})`;
  if (Number(process.versions.node.split('.')[0]) >= NODE_NEEDED) return { about: 'node', state: 'fine', found };
  return { about: 'node', state: 'broken', found, wayOut: `npm i -D node@${NODE_NEEDED}` };
}

function platform(): Diagnosis {
  const found = `${process.platform} ${release()} ${process.arch}`;
  if (process.platform === 'linux') return { about: 'platform', state: 'fine', found };
  if (process.platform === 'win32')
    return {
      about: 'platform',
      state: 'broken',
      found: `${found}: signals and process groups are not what halfopen needs`,
      wayOut: 'use WSL 2 or a Linux container',
    };
  return {
    about: 'platform',
    state: 'mind',
    found: `${found}: best effort; strays of services that leave their process group may outlive a killed run`,
    wayOut: 'use Linux for what gates a release',
  };
}

function cores(): Diagnosis {
  const count = availableParallelism();
  if (count >= 2) return { about: 'cores', state: 'fine', found: `${count} usable` };
  return {
    about: 'cores',
    state: 'mind',
    found: 'one usable: load, proxy and services wait for each other',
    wayOut: 'give the machine or container two cores',
  };
}

function procFiles(): Diagnosis {
  const missing = ['/proc/self/environ', '/proc/self/stat'].filter((path) => !isReadable(path));
  if (process.platform === 'linux' && missing.length > 0) {
    return {
      about: 'proc',
      state: 'mind',
      found: `no ${missing.join(', ')}: strays of a killed run cannot be found`,
      wayOut: 'mount /proc',
    };
  }
  return {
    about: 'proc',
    state: 'fine',
    found: isReadable('/proc/pressure/cpu')
      ? 'processes and pressure can be read'
      : 'processes can be read; pressure cannot, which only explains noise',
  };
}

function isReadable(path: string): boolean {
  try {
    readFileSync(path);
    return true;
  } catch {
    // Whatever the reason: it cannot be used.
    return false;
  }
}

async function loopback(): Promise<Diagnosis> {
  const server = createServer((socket) => socket.end('halfopen'));
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port });
      socket.once('data', (data) => resolve(data.toString()));
      socket.once('error', reject);
      socket.setTimeout(2000, () => socket.destroy(new Error('no answer within 2000 ms')));
    });
    return { about: 'loopback', state: answer === 'halfopen' ? 'fine' : 'broken', found: `127.0.0.1:${port} took a connection` };
  } finally {
    server.close();
  }
}

/** All parts of a run stamp with the monotonic clock: it must be one clock. */
async function clock(): Promise<Diagnosis> {
  const before = process.hrtime.bigint();
  const { stdout } = await promisify(execFile)(process.execPath, ['-p', 'String(process.hrtime.bigint())']);
  const after = process.hrtime.bigint();
  const between = BigInt(stdout.trim());
  if (between >= before && between <= after) return { about: 'clock', state: 'fine', found: 'monotonic, and the same in another process' };
  return {
    about: 'clock',
    state: 'broken',
    found: `another process reads ${between} between ${before} and ${after}`,
    wayOut: 'run all processes in one machine or time namespace',
  };
}

const TIMER_MS = 5;
const TIMERS = 60;

/** What the sentinel of a run would see of this machine, roughly. */
async function timers(): Promise<Diagnosis> {
  const lateMs: number[] = [];
  for (let round = 0; round < TIMERS; round++) {
    const startedMs = performance.now();
    await delay(TIMER_MS);
    lateMs.push(performance.now() - startedMs - TIMER_MS);
  }
  const p95Ms = lateMs.sort((left, right) => left - right)[Math.floor(TIMERS * 0.95)] ?? 0;
  const limitMs = DEFAULT_GUARDS.sentinelP95MsMax;
  const found = `p95 of ${TIMERS} timers is ${formatMs(Math.max(0, p95Ms))} late`;
  if (p95Ms <= limitMs) return { about: 'timers', state: 'fine', found };
  return {
    about: 'timers',
    state: 'mind',
    found: `${found}, more than ${formatMs(limitMs)}: findings about times may turn inconclusive`,
    wayOut: 'end other work on the machine',
  };
}

function program(about: string, names: readonly string[], use: string): Diagnosis {
  const path = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((candidate) => existsSync(candidate));
  if (path !== undefined) return { about, state: 'fine', found: path };
  return { about, state: 'mind', found: `not on PATH; ${use}` };
}

export const machineLooks: Readonly<Record<string, Look>> = {
  node,
  platform,
  cores,
  proc: procFiles,
  loopback,
  clock,
  timers,
  chromium: () =>
    program('chromium', ['chromium', 'chromium-browser', 'google-chrome'], 'optional: only tests of the report in a browser use it'),
};
