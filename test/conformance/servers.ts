import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Toxiproxy } from 'toxiproxy-node-client';
import { afterAll, beforeAll, describe, type RunnerTestSuite } from 'vitest';
import { realToxiproxy } from '../../scripts/toxiproxy.ts';
import { ask, say, type Reply } from './ask.ts';

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
  /** Sends bytes to the control API; answers what comes back until the connection ends. */
  say(text: string): Promise<string>;
}

const real = await realToxiproxy();
const launcher = fileURLToPath(new URL('../../bin/halfopen.js', import.meta.url));
const main = fileURLToPath(new URL('../../harness/run/proxy/main.ts', import.meta.url));
const STARTS_WITHIN_MS = 20_000;
const KINDS: readonly Toxi['kind'][] = ['ours', 'real'];

/** Starts one for the caller alone; ours without its command line. Both understand `--seed=5`. */
export function startToxi(kind: Toxi['kind'], flags: readonly string[] = []): Promise<Toxi> {
  if (kind === 'real') return startCommand(kind, flags);
  return watched({ kind, version: '2.12.0', child: spawned(process.execPath, [main, '--parent-stdin', '--port=0', ...flags]) });
}

/** Starts one as people do, by its command. */
export async function startCommand(kind: Toxi['kind'], flags: readonly string[] = []): Promise<Toxi> {
  if (kind === 'ours')
    return watched({ kind, version: '2.12.0', child: spawned(process.execPath, [launcher, 'proxy', '-port=0', ...flags]) });
  if ('reason' in real) throw new Error(`no real Toxiproxy to compare with: ${real.reason}`);
  const port = await freePort();
  const child = spawned(real.path, ['-host', '127.0.0.1', '-port', String(port), ...flags]);
  return watched({ kind, version: real.version, child, port });
}

/** The servers that the tests of one file share; vitest loads this module anew for each file. */
const shared = new Map<Toxi['kind'], Promise<Toxi>>();

/** The file's server of that kind, without proxies. Both start when the first of them is asked for. */
export async function sharedToxi(kind: Toxi['kind']): Promise<Toxi> {
  if (shared.size === 0) {
    for (const each of KINDS.filter(mayRun)) {
      const starting = startToxi(each);
      // Told to whoever asks for it.
      starting.catch(() => undefined);
      shared.set(each, starting);
    }
  }
  const toxi = await (shared.get(kind) ?? startToxi(kind));
  await removeProxies(toxi);
  return toxi;
}

// Vitest reads the first parameter's names.
// oxlint-disable-next-line no-empty-pattern
afterAll(async ({}, file) => {
  for (const starting of shared.values()) await (await starting.catch(() => undefined))?.[Symbol.asyncDispose]();
  if ('reason' in real && !mayRun('real'))
    process.stderr.write(
      `\nNOT COMPARED WITH THE REAL TOXIPROXY: ${real.reason}\n${countSkipped(file)} tests of ${file.name} are skipped.\n\n`,
    );
});

async function removeProxies(toxi: Toxi): Promise<void> {
  const { text } = await toxi.ask('GET', '/proxies');
  for (const name of Object.keys(JSON.parse(text) as object)) {
    const { status } = await toxi.ask('DELETE', `/proxies/${encodeURIComponent(name)}`);
    if (status !== 204) throw new Error(`proxy ${name} of an earlier test was not removed: ${status}`);
  }
}

function countSkipped(suite: Readonly<RunnerTestSuite>): number {
  return suite.tasks.reduce((count, task) => count + (task.type === 'suite' ? countSkipped(task) : task.mode === 'skip' ? 1 : 0), 0);
}

/** Whether tests of this server are to run: they fail in CI, and are skipped elsewhere, where there is no real one. */
export function mayRun(kind: Toxi['kind']): boolean {
  return kind === 'ours' || !('reason' in real) || (process.env['CI'] ?? '') !== '';
}

/**
 * Declares the same tests for both servers, which begin without proxies. Without the real one its tests are skipped, with the reason on
 * stderr; under `CI` they fail.
 */
export function onBothServers(title: string, body: (toxi: () => Toxi) => void): void {
  for (const kind of KINDS) {
    describe.runIf(mayRun(kind))(`${title} (${kind})`, () => {
      let toxi: Toxi | undefined;
      beforeAll(async () => {
        toxi = await sharedToxi(kind);
      });
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

/** Whether it can be listened on, on every address. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '::', () => server.close(() => resolve(true)));
  });
}

function spawned(command: string, args: readonly string[]): ChildProcess {
  return spawn(command, args, { stdio: 'pipe', env: { ...process.env, LOG_LEVEL: 'info' } });
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
    const port = given ?? Number(/(?:fault proxy on http:\/\/\S+:|"halfopen":"proxy".*"port":)(\d+)/.exec(printed)?.[1] ?? 0);
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
    say: (text) => say(port, text),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      // The real one waits for its clients; our command passes a SIGTERM on.
      child.kill(kind === 'real' ? 'SIGKILL' : 'SIGTERM');
      await ended;
    },
  };
}
