import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { pinned } from './affinity.ts';
import { goBuilt } from './go-program.ts';

/** The generator and sink in `loadgen/`. */
export interface Loadgen {
  /** Runs one command to its end and answers its line. */
  run<T>(command: string, options: Readonly<Record<string, string | number>>): Promise<T>;
  /** Starts one that goes on until it is told to end, and waits for its first line. */
  start<First, Last>(command: string, options?: Readonly<Record<string, string | number>>): Promise<Going<First, Last>>;
}

export interface Going<First, Last> extends AsyncDisposable {
  readonly first: First;
  /** Tells it to end and answers its last line. */
  end(): Promise<Last>;
}

const ANSWERS_WITHIN_MS = 60_000;
const ENDS_WITHIN_MS = 10_000;

/** Builds the generator unless the cache holds one of the same sources. */
export async function buildLoadgen(signal: AbortSignal): Promise<Loadgen> {
  const sources = fileURLToPath(new URL('./loadgen', import.meta.url));
  const hash = createHash('sha256');
  for (const file of readdirSync(sources).toSorted()) hash.update(`${file}\n${readFileSync(join(sources, file), 'utf8')}`);
  const path = await goBuilt({
    name: `loadgen-${hash.digest('hex').slice(0, 12)}`,
    prepare: async (folder) => {
      cpSync(sources, folder, { recursive: true });
      return { package: '.', ldflags: '' };
    },
  });
  const begin = (
    command: string,
    options: Readonly<Record<string, string | number>>,
  ): ChildProcessByStdio<Writable, Readable, Readable> => {
    const args = [command, ...Object.entries(options).map(([name, value]) => `-${name}=${value}`)];
    return spawn(...pinned('load', path, args), { stdio: ['pipe', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' });
  };
  return {
    run: (command, options) => runToEnd(command, begin(command, options)),
    start: (command, options = {}) => startGoing(command, begin(command, options)),
  };
}

type Running = ChildProcessByStdio<Writable, Readable, Readable>;

async function runToEnd<T>(command: string, child: Running): Promise<T> {
  const timer = setTimeout(() => child.kill('SIGKILL'), ANSWERS_WITHIN_MS);
  try {
    const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    if (child.exitCode !== 0)
      throw new Error(`Cannot measure '${command}': ${complaint.trim() || `no result within ${ANSWERS_WITHIN_MS} ms`}`);
    return JSON.parse(output) as T;
  } finally {
    clearTimeout(timer);
  }
}

async function startGoing<First, Last>(command: string, child: Running): Promise<Going<First, Last>> {
  // An abort ends it with an error event that whoever asks it next is told of.
  child.on('error', () => undefined);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const complaint = text(child.stderr);
  const next = async <T>(withinMs: number): Promise<T> => {
    const timer = setTimeout(() => child.kill('SIGKILL'), withinMs);
    const { value, done } = await lines.next().finally(() => clearTimeout(timer));
    if (done === true) throw new Error(`Cannot go on as '${command}' ended: ${(await complaint).trim() || 'it said nothing'}`);
    return JSON.parse(value) as T;
  };
  return {
    first: await next<First>(ANSWERS_WITHIN_MS),
    async end() {
      child.stdin.end();
      const last = await next<Last>(ENDS_WITHIN_MS);
      await exited;
      return last;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
