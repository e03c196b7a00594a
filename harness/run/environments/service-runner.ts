import { existsSync } from 'node:fs';
import type { ServiceMoved } from '../../model/event.ts';
import { LIMITS } from '../../model/limits.ts';
import { HarnessError } from '../../model/problem.ts';
import type { Address, UpContext } from './contract.ts';
import { reservePort } from './ports.ts';
import { processState } from './process-groups.ts';
import { declarationOf, launchOf, serviceEnvironment } from './service-environment.ts';
import type { ServiceLog } from './service-log.ts';
import type { ProcessExit, SupervisedProcess, Supervisor } from './supervisor-client.ts';
import { untilReady } from './until-ready.ts';

const HOST = '127.0.0.1';
/** How long the kernel may take to end or stop a process, in milliseconds. */
const READ_BACK_MS = 3000;
const PORT_TAKEN = /EADDRINUSE|address already in use/i;

export interface RunnerParts {
  readonly service: string;
  readonly port: number;
  readonly context: UpContext;
  readonly supervisor: Supervisor;
  readonly log: ServiceLog;
  readonly edges: ReadonlyMap<string, Address>;
  /** Points the edges into this service at its new port. */
  onPortMoved(address: Address): Promise<void>;
}

/** Why a process ends, as far as the harness has asked for it. */
type Intent = 'run' | 'kill' | 'stop';

/** One life of a service: from one start to its exit. */
interface Life {
  readonly process: SupervisedProcess;
  /** Aborted when the process has exited. */
  readonly over: AbortController;
  intent: Intent;
  exit: ProcessExit | undefined;
  isPortTaken: boolean;
}

/** Runs one service as a process group and reports what becomes of it. Calls are carried out one after the other. */
export class ServiceRunner {
  readonly #parts: RunnerParts;
  readonly #closing = new AbortController();
  #port: number;
  #life: Life | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#port = parts.port;
  }

  get address(): Address {
    return { host: HOST, port: this.#port };
  }

  /** Starts the service and waits until it is ready; a lost race for its port is tried once more on another. */
  async bringUp(signal: AbortSignal): Promise<void> {
    const first = await this.#startUntilReady(signal);
    if (first === undefined) return;
    if (!first.isPortTaken) throw this.#failure(first.reason);
    await this.#end('kill');
    this.#port = await reservePort();
    await this.#parts.onPortMoved(this.address);
    const second = await this.#startUntilReady(signal);
    if (second !== undefined) throw this.#failure(second.reason);
  }

  /** Starts the service if it is down, and reports later that it is ready. */
  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isUp()) return;
      this.#closing.signal.throwIfAborted();
      const life = await this.#launch();
      void this.#reportReadiness(life);
    });
  }

  kill(): Promise<void> {
    return this.#inTurn(() => this.#end('kill'));
  }

  pause(): Promise<void> {
    return this.#inTurn(() => this.#freeze('SIGSTOP', 'paused'));
  }

  resume(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isUp()) await this.#freeze('SIGCONT', 'resumed');
    });
  }

  /** SIGTERM, and SIGKILL after `LIMITS.stopMs`; it can be started again. */
  halt(): Promise<void> {
    return this.#inTurn(() => this.#end('stop'));
  }

  /** As `halt`, and for good. */
  close(): Promise<void> {
    this.#closing.abort(new HarnessError(`Service '${this.#parts.service}' is being stopped`));
    return this.halt();
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(action, action);
    this.#queue = done.catch((error: unknown) => error);
    return done;
  }

  #isUp(): boolean {
    return this.#life !== undefined && this.#life.exit === undefined;
  }

  async #launch(): Promise<Life> {
    const { service, context, supervisor, log, edges } = this.#parts;
    const { plan, projectFolder, runId } = context;
    const launch = launchOf(declarationOf(plan, service), projectFolder);
    if (!existsSync(launch.cwd)) throw this.#failure(`its folder ${launch.cwd} does not exist (see 'cwd')`);
    const env = serviceEnvironment({ plan, service, port: this.#port, edges, runId });
    this.#report('starting', `port ${this.#port}`);
    const life: Omit<Life, 'process'> = { over: new AbortController(), intent: 'run', exit: undefined, isPortTaken: false };
    const instance = instanceOf(service);
    const { originUs } = context.clock;
    const starting = supervisor.spawn({
      name: service,
      ...launch,
      env,
      onStart: ({ pid, monoUs }) =>
        context.onProcess({ service, instance, atUs: monoUs - originUs, state: 'started', detail: `pid ${pid}` }),
      onLine: ({ stream, monoUs, text, isLate }) => {
        log.write(text);
        life.isPortTaken ||= PORT_TAKEN.test(text);
        if (stream === 'stdout' && !isLate) context.onLine({ service, instance, atUs: monoUs - originUs, text });
      },
      onExit: (exit) => {
        life.exit = exit;
        this.#reportExit(exit, life.intent);
        life.over.abort(new HarnessError(`it ${describeExit(exit)}`));
      },
    });
    const process = await starting.catch((error: unknown) => {
      throw this.#failure(error instanceof Error ? error.message : String(error));
    });
    this.#life = Object.assign(life, { process });
    return this.#life;
  }

  async #startUntilReady(signal: AbortSignal): Promise<{ readonly reason: string; readonly isPortTaken: boolean } | undefined> {
    const life = await this.#launch();
    const { ready: path, readyWithinMs } = declarationOf(this.#parts.context.plan, this.#parts.service);
    const ended = AbortSignal.any([signal, life.over.signal, this.#closing.signal]);
    try {
      const answer = await untilReady({ address: this.address, path, withinMs: readyWithinMs, signal: ended });
      if (answer !== undefined) return { reason: `it was not ready within ${readyWithinMs} ms: ${answer}`, isPortTaken: life.isPortTaken };
    } catch (error) {
      signal.throwIfAborted();
      if (life.exit === undefined) throw error;
      return { reason: `it ${describeExit(life.exit)} before it was ready`, isPortTaken: life.isPortTaken };
    }
    this.#report('ready');
    return undefined;
  }

  /** A service that a fault brought back has no deadline: whether it recovers is for the checks to judge. */
  async #reportReadiness(life: Life): Promise<void> {
    const { ready: path } = declarationOf(this.#parts.context.plan, this.#parts.service);
    const signal = AbortSignal.any([life.over.signal, this.#closing.signal]);
    try {
      await untilReady({ address: this.address, path, withinMs: LIMITS.runMs, signal });
      this.#report('ready');
    } catch (error) {
      // The service or the run ended first, and that is reported where it happens.
      if (!signal.aborted) throw error;
    }
  }

  async #end(intent: 'kill' | 'stop'): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    if (life.exit === undefined) life.intent = intent;
    if (intent === 'stop') {
      await life.process.signal('SIGTERM');
      // A stopped process takes its SIGTERM only once it goes on.
      await life.process.signal('SIGCONT');
      await within(LIMITS.stopMs, life.process.exited);
    }
    // To the group in every case: a descendant may have outlived the service.
    await life.process.signal('SIGKILL');
    if (!(await within(READ_BACK_MS, life.process.exited))) {
      throw new HarnessError(
        `Cannot ${intent} service '${this.#parts.service}': process ${life.process.pid} still runs ${READ_BACK_MS} ms after SIGKILL`,
      );
    }
  }

  async #freeze(signal: 'SIGSTOP' | 'SIGCONT', state: 'paused' | 'resumed'): Promise<void> {
    const life = this.#life;
    const refusal = `Cannot ${state === 'paused' ? 'pause' : 'resume'} service '${this.#parts.service}'`;
    if (life === undefined) throw new HarnessError(`${refusal}: it was never started`);
    await life.process.signal(signal);
    const deadline = performance.now() + READ_BACK_MS;
    for (;;) {
      if (life.exit !== undefined) throw new HarnessError(`${refusal}: it ${describeExit(life.exit)}`);
      const letter = await processState(life.process.pid);
      // Where the platform does not tell, the signal's delivery must do.
      if (letter === undefined || (letter === 'T') === (state === 'paused')) break;
      if (performance.now() > deadline) {
        throw new HarnessError(`${refusal}: process ${life.process.pid} is in state ${letter} after ${signal}`);
      }
      await within(5, life.process.exited);
    }
    this.#report(state);
  }

  #reportExit(exit: ProcessExit, intent: Intent): void {
    const { service, context } = this.#parts;
    const atUs = exit.monoUs - context.clock.originUs;
    const detail = describeExit(exit);
    this.#report(EXIT_STATES[intent], detail, atUs);
    context.onProcess({ service, instance: instanceOf(service), atUs, state: 'exited', detail });
  }

  #report(state: ServiceMoved['state'], detail?: string, atUs = this.#parts.context.clock.nowUs()): void {
    const { service, context } = this.#parts;
    context.sink({ table: 'events', row: { kind: 'service', atUs, service, state, ...(detail === undefined ? {} : { detail }) } });
  }

  #failure(reason: string): HarnessError {
    const { service, log, context } = this.#parts;
    const { command, portEnv } = declarationOf(context.plan, service);
    const lines = log.lastLines();
    return new HarnessError(
      [
        `Cannot start service '${service}': ${reason}.`,
        ...(lines.length === 0
          ? ['  It printed nothing.']
          : [`  Its last lines (all: ${log.path}):`, ...lines.map((line) => `    ${line}`)]),
        `  Way out: try it by hand with ${portEnv}=${this.#port} ${command.join(' ')}, and see 'ready' and 'readyWithinMs' in the system's file.`,
      ].join('\n'),
    );
  }
}

const EXIT_STATES = { run: 'exited', kill: 'killed', stop: 'stopped' } as const;

/** The name of a service's only instance; it stays the same across restarts. */
function instanceOf(service: string): string {
  return `${service}-1`;
}

function describeExit({ code, signal }: ProcessExit): string {
  return signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
}

/** Whether the promise is fulfilled within that time. */
async function within(lengthMs: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), lengthMs)));
  const result = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return result;
}
