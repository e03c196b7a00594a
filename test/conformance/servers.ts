import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Toxiproxy } from 'toxiproxy-node-client';
import { afterAll, beforeAll, describe } from 'vitest';
import { realToxiproxy } from '../../scripts/toxiproxy.ts';
import { ask, type Reply } from './ask.ts';

/** A Toxiproxy in a process of its own, ours or the real one: the suite drives it only from outside. */
export interface Toxi extends AsyncDisposable {
  readonly kind: 'ours' | 'real';
  /** What GET /version is to answer. */
  readonly version: string;
  readonly url: string;
  readonly child: ChildProcess;
  readonly client: Toxiproxy;
  /** Its output so far. */
  printed(): string;
  /** Asks the control API over a connection of its own. */
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
}

const real = await realToxiproxy();
const launcher = fileURLToPath(new URL('../../bin/halfopen.js', import.meta.url));
const STARTS_WITHIN_MS = 20_000;

if ('reason' in real) process.stderr.write(`\nNOT COMPARED WITH THE REAL TOXIPROXY: ${real.reason}\nIts half of this file is skipped.\n\n`);

export async function startToxi(kind: Toxi['kind'], flags: readonly string[] = []): Promise<Toxi> {
  if (kind === 'ours')
    return watched({ kind, version: '2.12.0', child: spawned(process.execPath, [launcher, 'proxy', '-port=0', ...flags]) });
  if ('reason' in real) throw new Error(`no real Toxiproxy to compare with: ${real.reason}`);
  const port = await freePort();
  const child = spawned(real.path, ['-host', '127.0.0.1', '-port', String(port), ...flags]);
  return watched({ kind, version: real.version, child, port });
}

/** Whether tests of this server are to run: they fail in CI, and are skipped elsewhere, where there is no real one. */
export function mayRun(kind: Toxi['kind']): boolean {
  return kind === 'ours' || !('reason' in real) || (process.env['CI'] ?? '') !== '';
}

/**
 * Declares the same tests for both servers, each with a fresh one. Without the real one its tests are skipped, with the reason on stderr;
 * under `CI` they fail.
 */
export function onBothServers(title: string, body: (toxi: () => Toxi) => void): void {
  for (const kind of ['ours', 'real'] as const) {
    describe.runIf(mayRun(kind))(`${title} (${kind})`, () => {
      let toxi: Toxi | undefined;
      beforeAll(async () => {
        toxi = await startToxi(kind);
      });
      afterAll(() => toxi?.[Symbol.asyncDispose]());
      body(() => toxi as Toxi);
    });
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function spawned(command: string, args: readonly string[]): ChildProcess {
  return spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LOG_LEVEL: 'info' } });
}

interface Starting {
  readonly kind: Toxi['kind'];
  readonly version: string;
  readonly child: ChildProcess;
  /** Where it is not printed. */
  readonly port?: number;
}

/** Resolves when it answers. */
async function watched({ kind, version, child, port: given }: Starting): Promise<Toxi> {
  let printed = '';
  child.stdout?.on('data', (text: Buffer) => (printed += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (printed += text.toString()));
  const untilMs = performance.now() + STARTS_WITHIN_MS;
  for (;;) {
    const port = given ?? Number(/fault proxy on http:\/\/\S+:(\d+)/.exec(printed)?.[1] ?? 0);
    if (port !== 0 && (await answers(port))) return toxiOf({ kind, version, child, port, printed: () => printed });
    if (child.exitCode !== null || performance.now() > untilMs) {
      child.kill('SIGKILL');
      throw new Error(`${kind} Toxiproxy did not start:\n${printed}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await ask({ port, method: 'GET', path: '/version' })).status === 200;
  } catch {
    return false;
  }
}

function toxiOf({ kind, version, child, port, printed }: Required<Starting> & Pick<Toxi, 'printed'>): Toxi {
  const url = `http://127.0.0.1:${port}`;
  return {
    kind,
    version,
    url,
    child,
    printed,
    client: new Toxiproxy(url),
    ask: (method, path, body, headers) =>
      ask({ port, method, path, ...(body === undefined ? {} : { body }), ...(headers === undefined ? {} : { headers }) }),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      // The real one waits for its clients; ours passes a SIGTERM on.
      child.kill(kind === 'real' ? 'SIGKILL' : 'SIGTERM');
      await ended;
    },
  };
}
