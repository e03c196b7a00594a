import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../model/problem.ts';

/** A proxy in a process of its own. */
export interface ChildProxy extends AsyncDisposable {
  readonly url: string;
  /** What became of it, null while it runs. */
  whyGone(): string | null;
}

const STARTS_WITHIN_MS = 15_000;
const STOPS_WITHIN_MS = 2000;
const STDERR_KEPT = 2000;

/**
 * Starts the proxy as a child process, which ends with this one.
 *
 * @throws {HarnessError} if it does not say where it listens
 */
export async function startChildProxy(args: readonly string[]): Promise<ChildProxy> {
  const own = fileURLToPath(import.meta.url);
  const entry = fileURLToPath(new URL(`../run/proxy/main${extname(own)}`, import.meta.url));
  const child = spawn(process.execPath, [entry, '--parent-stdin', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stderr = '';
  let gone: string | null = null;
  child.stderr.on('data', (data: Buffer) => (stderr = (stderr + data.toString()).slice(-STDERR_KEPT)));
  // A child that is gone needs no end of its input.
  child.stdin.on('error', () => undefined);
  const exited = new Promise<void>((resolve) => {
    child.once('close', (code, signal) => {
      gone ??= `the proxy's process ended with ${signal ?? `code ${code}`}${stderr === '' ? '' : `: ${stderr.trim()}`}`;
      resolve();
    });
    child.once('error', (error) => {
      gone = `the proxy's process did not start: ${error.message}`;
      resolve();
    });
  });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
    await exited;
    clearTimeout(impatience);
  };
  const lines = createInterface({ input: child.stdout });
  const announced = once(lines, 'line', { signal: AbortSignal.timeout(STARTS_WITHIN_MS) }) as Promise<[string]>;
  const line = await Promise.race([announced.then(([text]) => text).catch(() => null), exited.then(() => null)]);
  if (line === null) {
    const reason = gone ?? `it did not say where it listens within ${STARTS_WITHIN_MS / 1000} s: ${stderr.trim()}`;
    await stop();
    throw new HarnessError(`Cannot start the proxy: ${reason}`);
  }
  const { host, port } = JSON.parse(line) as { readonly host: string; readonly port: number };
  return { url: `http://${host}:${port}`, whyGone: () => gone, [Symbol.asyncDispose]: stop };
}
