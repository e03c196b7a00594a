/**
 * The watchdog: starts the processes of one run, and ends them all when the harness is gone, however it went. It runs in
 * a session of its own, so that a terminal's Ctrl-C reaches the harness only, which then stops things in order.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { LIMITS } from '../../model/limits.ts';
import { monotonicUs } from '../clock.ts';
import { lineReader } from './lines.ts';
import { endGroups, signalGroup } from './process-groups.ts';
import type { SupervisorCommand, SupervisorReport } from './supervisor-protocol.ts';

/** Reports that wait for a busy harness before its services are held up, in bytes. */
const BACKLOG_BYTES = 16 * 1024 * 1024;
/** Longest command line on stdin, in bytes: an environment may be large. */
const COMMAND_BYTES = 8 * 1024 * 1024;
/** How long an exit report waits for the next line after the last, and for all of them, in milliseconds. */
const LAST_LINES_MS = 100;
const LAST_LINES_MAX_MS = 1000;
/** The whole end takes under 3 s. */
const PATIENCE = { termMs: 400, killMs: 600, sweepMs: 1000 } as const;

const runId = process.argv[2];
if (runId === undefined || runId === '') throw new TypeError(`Cannot supervise as 'runId' must be given: current value is nothing`);

const children = new Map<string, ChildProcess>();
// Writing to process.stdout may block on a pipe; a socket of its own on the same descriptor never does.
const reports = new Socket({ fd: 1, readable: false, writable: true });
let ending: Promise<void> | undefined;

reports.on('error', () => void end());
reports.on('drain', () => {
  for (const stream of openStreams()) stream.resume();
});

function report(message: SupervisorReport): void {
  if (ending !== undefined) return;
  reports.write(`${JSON.stringify(message)}\n`);
  if (reports.writableLength < BACKLOG_BYTES) return;
  for (const stream of openStreams()) stream.pause();
}

function openStreams(): Readable[] {
  return [...children.values()].flatMap(({ stdout, stderr }) => [stdout, stderr]).filter((stream) => stream !== null);
}

function start({ id, command: [program = '', ...args], cwd, env, holdStdin }: Extract<SupervisorCommand, { do: 'spawn' }>): void {
  let child: ChildProcess;
  try {
    child = spawn(program, args, { cwd, env, detached: true, stdio: [holdStdin ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
  } catch (error) {
    return report({ is: 'unstartable', id, reason: error instanceof Error ? error.message : String(error) });
  }
  children.set(id, child);
  child.once('error', (error) => {
    if (child.pid === undefined) report({ is: 'unstartable', id, reason: error.message });
  });
  child.once('spawn', () => report({ is: 'started', id, pid: child.pid ?? 0, monoUs: monotonicUs() }));
  child.stdin?.on('error', () => child.stdin?.destroy());
  forwardLines(id, child);
}

function forwardLines(id: string, child: ChildProcess): void {
  let exitedUs = Infinity;
  let chunks = 0;
  const readers = (['stdout', 'stderr'] as const).map((stream) => {
    const forward = (text: string): void => report({ is: 'line', id, stream, monoUs: Math.min(monotonicUs(), exitedUs), text });
    const lines = lineReader(LIMITS.probeLineBytes, forward);
    child[stream]?.on('data', (chunk: Buffer) => {
      chunks++;
      lines.push(chunk);
    });
    child[stream]?.once('end', () => lines.end());
    return lines;
  });
  child.once('exit', (code, signal) => {
    exitedUs = monotonicUs();
    let isReported = false;
    const reportExit = (): void => {
      if (isReported) return;
      isReported = true;
      for (const lines of readers) lines.end();
      report({ is: 'exited', id, monoUs: exitedUs, code, signal });
      // Its number may be given to another group once nobody of this one is left.
      if (child.pid !== undefined && !signalGroup(child.pid, 0)) children.delete(id);
    };
    child.once('close', reportExit);
    whenQuiet(() => chunks, reportExit);
  });
}

/** Calls back when nothing was read for a while: a descendant may hold the pipe open for ever. */
function whenQuiet(chunksRead: () => number, onQuiet: () => void): void {
  const deadlineUs = monotonicUs() + LAST_LINES_MAX_MS * 1000;
  const look = (): void => {
    const before = chunksRead();
    setTimeout(() => {
      // On a busy machine the timer may come first: what waits in the pipe is read between here and there.
      setImmediate(() => (chunksRead() === before || monotonicUs() > deadlineUs ? onQuiet() : look()));
    }, LAST_LINES_MS);
  };
  look();
}

function obey(line: string): void {
  const command = JSON.parse(line) as SupervisorCommand;
  if (ending !== undefined) return;
  switch (command.do) {
    case 'spawn':
      return start(command);
    case 'signal': {
      const pid = children.get(command.id)?.pid;
      const isDelivered = pid !== undefined && signalGroup(pid, command.signal);
      return report({ is: 'signalled', ticket: command.ticket, delivered: isDelivered });
    }
  }
}

function end(): Promise<void> {
  ending ??= endGroups(
    [...children.values()].map((child) => child.pid).filter((pid) => pid !== undefined),
    String(runId),
    PATIENCE,
  ).finally(() => process.exit());
  return ending;
}

const commands = lineReader(COMMAND_BYTES, obey);
process.stdin.on('data', (chunk: Buffer) => commands.push(chunk));
process.stdin.once('end', () => void end());
process.stdin.once('error', () => void end());
process.stdin.once('close', () => void end());
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void end());
// Whatever goes wrong in here, nothing may be left behind.
process.on('uncaughtException', (error) => {
  process.exitCode = 70;
  process.stderr.on('error', () => void end());
  process.stderr.write(`${error.stack ?? error.message}\n`);
  void end();
});
