import { spawn, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HarnessError } from '../../model/problem.ts';
import { monotonicUs } from '../clock.ts';
import { lineReader } from './lines.ts';
import { endGroups } from './process-groups.ts';
import type { SupervisorCommand, SupervisorReport } from './supervisor-protocol.ts';

export interface ProcessExit {
  /** On the machine's monotonic clock, in microseconds. */
  readonly monoUs: number;
  readonly code: number | null;
  readonly signal: string | null;
}

export interface OutputLine {
  readonly stream: 'stdout' | 'stderr';
  /** Arrival on the machine's monotonic clock, in microseconds. */
  readonly monoUs: number;
  readonly text: string;
  /** A line that came after the process itself had exited: a descendant printed it. */
  readonly isLate: boolean;
}

export interface ProcessSpec {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly holdStdin?: boolean;
  /** Called before any line or the exit is. */
  onStart?(start: ProcessStart): void;
  onLine(line: OutputLine): void;
  onExit(exit: ProcessExit): void;
}

export interface ProcessStart {
  readonly pid: number;
  /** On the machine's monotonic clock, in microseconds. */
  readonly monoUs: number;
}

export interface SupervisedProcess {
  readonly pid: number;
  /** Resolves when the process itself has exited. */
  readonly exited: Promise<ProcessExit>;
  /** Sends a signal to the whole process group; answers whether it was delivered to any process. */
  signal(signal: NodeJS.Signals): Promise<boolean>;
}

/** A supervisor at work. Disposing it ends every process that it started. */
export interface Supervisor extends AsyncDisposable {
  readonly pid: number;
  spawn(spec: ProcessSpec): Promise<SupervisedProcess>;
  /** Rejects when the supervisor dies before it is disposed of; never resolves. */
  readonly died: Promise<never>;
}

/** Longest report, in bytes: a line of a service in which every byte is escaped, and room around it. */
const REPORT_BYTES = 256 * 1024;
/** The supervisor promises to end within 3 s. */
const END_MS = 4000;

interface Waiting<T> {
  resolve(value: T): void;
  reject(reason: Error): void;
}

interface Tracked {
  readonly spec: ProcessSpec;
  readonly started: Waiting<ProcessStart>;
  readonly exited: PromiseWithResolvers<ProcessExit>;
  pid?: number;
  hasExited: boolean;
}

/**
 * Starts the watchdog process of a run.
 *
 * @throws {HarnessError} if it cannot be started
 */
export async function startSupervisor(runId: string): Promise<Supervisor> {
  const entry = fileURLToPath(new URL(`supervisor${extname(import.meta.url)}`, import.meta.url));
  const child = spawn(process.execPath, [entry, runId], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const tracked = new Map<string, Tracked>();
  const signals = new Map<number, Waiting<boolean>>();
  const died = Promise.withResolvers<never>();
  // Whoever needs to know takes part in `died` itself; alone it must not end the harness.
  died.promise.catch((reason: unknown) => reason);
  const gone = Promise.withResolvers<void>();
  let lastWords = '';
  let isOver = false;

  const onEnd = (reason: string): void => {
    gone.resolve();
    if (isOver) return;
    isOver = true;
    const error = new HarnessError(`Cannot go on as the supervisor of the services died (${reason}). ${lastWords.trim()}`.trim());
    for (const { started } of tracked.values()) started.reject(error);
    for (const { resolve } of signals.values()) resolve(false);
    // Its own end is what normally cleans up, so that falls to the harness now.
    void endAll(tracked, runId).finally(() => died.reject(error));
  };
  const reports = lineReader(REPORT_BYTES, (text) => take(JSON.parse(text) as SupervisorReport, tracked, signals));
  child.stdout.on('data', (chunk: Buffer) => reports.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => (lastWords = (lastWords + chunk.toString('utf8')).slice(-2000)));
  child.stdin.on('error', (error) => onEnd(error.message));
  child.once('exit', (code, signal) => onEnd(signal === null ? `exit code ${code}` : signal));
  await hasStarted(child);

  let tickets = 0;
  const send = (command: SupervisorCommand): boolean => !isOver && child.stdin.write(`${JSON.stringify(command)}\n`);
  const refused = (): HarnessError => new HarnessError('Cannot reach the supervisor of the services: it has ended');

  return {
    pid: child.pid ?? 0,
    died: died.promise,
    async spawn(spec) {
      if (isOver) throw refused();
      const id = `${spec.name}#${tracked.size + 1}`;
      const exited = Promise.withResolvers<ProcessExit>();
      const start = new Promise<ProcessStart>((resolve, reject) => {
        tracked.set(id, { spec, started: { resolve, reject }, exited, hasExited: false });
      });
      send({ do: 'spawn', id, command: spec.command, cwd: spec.cwd, env: spec.env, holdStdin: spec.holdStdin ?? false });
      return {
        pid: (await start).pid,
        exited: exited.promise,
        signal(signal) {
          if (isOver) return Promise.resolve(false);
          const ticket = ++tickets;
          return new Promise((resolve, reject) => {
            signals.set(ticket, { resolve, reject });
            send({ do: 'signal', id, signal, ticket });
          });
        },
      };
    },
    async [Symbol.asyncDispose]() {
      isOver = true;
      for (const { resolve } of signals.values()) resolve(false);
      for (const { started } of tracked.values()) started.reject(refused());
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
      await gone.promise;
      clearTimeout(timer);
    },
  };
}

async function endAll(tracked: ReadonlyMap<string, Tracked>, runId: string): Promise<void> {
  const living = [...tracked.values()].filter(({ pid, hasExited }) => pid !== undefined && !hasExited);
  await endGroups(
    living.map(({ pid }) => pid ?? 0),
    runId,
    { termMs: 100, killMs: 500, sweepMs: 1000 },
  );
  for (const process of living) {
    process.hasExited = true;
    const exit = { monoUs: monotonicUs(), code: null, signal: 'SIGKILL' };
    process.spec.onExit(exit);
    process.exited.resolve(exit);
  }
}

function take(report: SupervisorReport, tracked: Map<string, Tracked>, signals: Map<number, Waiting<boolean>>): void {
  if (report.is === 'signalled') {
    signals.get(report.ticket)?.resolve(report.delivered);
    signals.delete(report.ticket);
    return;
  }
  const process = tracked.get(report.id);
  if (process === undefined) return;
  switch (report.is) {
    case 'started':
      process.pid = report.pid;
      process.spec.onStart?.({ pid: report.pid, monoUs: report.monoUs });
      return process.started.resolve({ pid: report.pid, monoUs: report.monoUs });
    case 'unstartable':
      return process.started.reject(new HarnessError(`Cannot start '${process.spec.name}': ${report.reason}`));
    case 'line':
      return process.spec.onLine({ stream: report.stream, monoUs: report.monoUs, text: report.text, isLate: process.hasExited });
    case 'exited': {
      process.hasExited = true;
      const exit = { monoUs: report.monoUs, code: report.code, signal: report.signal };
      process.spec.onExit(exit);
      return process.exited.resolve(exit);
    }
  }
}

function hasStarted(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => reject(new HarnessError(`Cannot start the supervisor of the services: ${cause.message}`, { cause })));
  });
}
