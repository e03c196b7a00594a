import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildK6 } from '../../harness/run/load/k6/build.ts';
import { openChannel } from '../../harness/run/load/k6/channel.ts';
import { makePrivateFolder } from '../../harness/run/load/k6/private-folder.ts';
import type { FromK6, Job, ToK6 } from '../../harness/run/load/k6/protocol.ts';
import { UNWRITTEN } from './load-rig.ts';

const PATIENCE_MS = 20_000;

/** The k6 of these sources, built if need be, and why there is none; where Go is, and in CI, there has to be one. */
export async function builtForTests(): Promise<{ readonly executable: string; readonly lack: string | null }> {
  if (spawnSync('go', ['version']).status !== 0 && process.env['CI'] !== 'true') return { executable: '', lack: 'no Go on PATH' };
  const { path } = await buildK6({
    onNote: (text) => process.stderr.write(`k6-extension: ${text}\n`),
    signal: AbortSignal.timeout(15 * 60_000),
  });
  return { executable: path, lack: null };
}

type Kind = FromK6['t'];
type RecordOf<K extends Kind> = Extract<FromK6, { readonly t: K }>;

/** A k6 that talks to the test over the protocol. */
export interface TalkingK6 extends AsyncDisposable {
  /** All records of one kind, so far. */
  of<K extends Kind>(kind: K): readonly RecordOf<K>[];
  /** Resolves when there are as many of one kind. */
  reached<K extends Kind>(kind: K, count: number): Promise<readonly RecordOf<K>[]>;
  send(message: ToK6): void;
  /** Closes the socket, as a harness that dies does. */
  hangUp(): Promise<void>;
  /** Its exit code, and what it said on its streams. */
  readonly exited: Promise<{ readonly code: number | null; readonly log: string }>;
  kill(signal: NodeJS.Signals): void;
}

export const JOB: Job = { c: 'job', schedule: null, bodies: [], bodyBytes: 1000, samples: false, traced: [] };

/** Starts `script` in k6; `job` is sent when it says hello. */
export async function startTalking(executable: string, script: string, job: Job | null = JOB): Promise<TalkingK6> {
  const records: FromK6[] = [];
  const waiting = new Set<() => void>();
  const folder = await makePrivateFolder({ ledger: UNWRITTEN, runId: `talk-${process.pid}` });
  const channel = await openChannel(folder.path, {
    onRecords: (came) => {
      records.push(...came);
      if (job !== null && came.some(({ t }) => t === 'hello')) channel.send(job);
      for (const look of waiting) look();
    },
    onGarbage: (error) => records.push({ t: 'mark', at: 0, name: `garbage: ${error.message}` }),
  });
  const file = join(folder.path, 'script.js');
  writeFileSync(file, script);
  const args = ['run', '--quiet', '--no-color', '--out', 'halfopen', '--summary-mode', 'disabled', '--address', '', file];
  const env = { ...process.env, HALFOPEN_K6_SOCKET: channel.socketPath, K6_NO_USAGE_REPORT: 'true', K6_AUTO_EXTENSION_RESOLUTION: 'false' };
  const child = spawn(executable, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (log += text));
  const exited = once(child, 'close').then(async ([code]: unknown[]) => {
    await channel.drained();
    return { code: code as number | null, log };
  });
  const of = <K extends Kind>(kind: K): readonly RecordOf<K>[] => records.filter((each): each is RecordOf<K> => each.t === kind);
  return {
    of,
    reached: async (kind, count) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const look = (): void => void (of(kind).length >= count && resolve());
      waiting.add(look);
      const told = (): Error => new Error(`${of(kind).length} of ${count} ${kind} records; k6 says:\n${log}`);
      const timer = setTimeout(() => reject(told()), PATIENCE_MS);
      look();
      await promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(look);
      });
      return of(kind);
    },
    send: (message) => channel.send(message),
    hangUp: async () => channel[Symbol.asyncDispose](),
    exited,
    kill: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
      await channel[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
