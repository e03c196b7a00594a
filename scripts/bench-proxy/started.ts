import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pinned } from './affinity.ts';
import { groupOf } from './process-group.ts';

/** A server that is measured. It ends with all its descendants. */
export interface Started extends AsyncDisposable {
  readonly pid: number;
  isOver(): boolean;
  /** What it has complained of last, for messages. */
  complaint(): string;
}

const ANSWERS_WITHIN_MS = 30_000;
const ENDS_WITHIN_MS = 3000;
const COMPLAINT_BYTES = 2000;

export async function startServer(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Started> {
  // What npm or a test runner adds to Node's options is no part of what is measured.
  const { NODE_OPTIONS: _, ...clean } = env;
  const child = spawn(...pinned('proxy', command, args), { env: clean, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => void (complaint = `${complaint}${text}`.slice(-COMPLAINT_BYTES)));
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    isOver,
    complaint: () => complaint.trim(),
    async [Symbol.asyncDispose]() {
      if (isOver()) return;
      const members = groupOf(pid);
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await Promise.race([exited, sleep(ENDS_WITHIN_MS, undefined, { ref: false })]);
      for (const member of members) kill(member);
      if (!isOver()) await exited;
    },
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** A port that was free a moment ago: not every server says which one it took. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Waits until somebody answers there, whatever they answer. */
export async function untilAnswers(url: string, { isOver, complaint }: Started): Promise<void> {
  const deadlineMs = performance.now() + ANSWERS_WITHIN_MS;
  for (;;) {
    try {
      await fetch(url, { signal: AbortSignal.timeout(2000) });
      return;
    } catch (error) {
      if (isOver() || performance.now() > deadlineMs)
        throw new Error(`Cannot reach what was started: ${isOver() ? 'it ended' : `${ANSWERS_WITHIN_MS} ms are over`}: ${complaint()}`, {
          cause: error,
        });
      await sleep(20);
    }
  }
}
