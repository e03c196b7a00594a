import type { ServiceMoved } from '../../../model/event.ts';
import { LIMITS } from '../../../model/limits.ts';
import { HarnessError } from '../../../model/problem.ts';
import type { Resources } from '../../../model/system.ts';
import type { Address, UpContext } from '../contract.ts';
import { declarationOf } from '../service-environment.ts';
import type { ServiceLog } from '../service-log.ts';
import { untilReady } from '../until-ready.ts';
import type { Container } from './contract.ts';
import { isGone } from './engine-failure.ts';
import { LastStatements } from './last-statements.ts';

/** The run that a container serves at the moment. */
export interface Serving {
  readonly context: UpContext;
  readonly log: ServiceLog;
}

export interface ServiceContainerParts {
  readonly service: string;
  readonly container: Container;
  /** Where this machine reaches its port. */
  readonly address: Address;
  /** Its names on the run's network. */
  readonly aliases: readonly string[];
  /** What it was started with. */
  readonly resources: Resources;
  /** It is ready when it answers, which its starter has seen to. */
  readonly isReadyOnStart?: true;
}

type Intent = 'run' | 'kill' | 'stop';

/** One life of a container: from one start to its end. */
interface Life {
  readonly over: AbortController;
  intent: Intent;
  exit: { readonly exitCode: number; readonly isOomKilled: boolean } | undefined;
  /** Resolves when it has ended and its last line was read. */
  ended: Promise<void>;
}

/** One service as a container: reads what it prints, tells what becomes of it, and acts on it. Acts are carried out one after the other. */
export class ServiceContainer {
  readonly #parts: ServiceContainerParts;
  readonly #closing = new AbortController();
  readonly #statements = new LastStatements();
  #serving: Serving | undefined;
  #life: Life | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(parts: ServiceContainerParts, serving: Serving) {
    this.#parts = parts;
    this.#serving = serving;
  }

  get service(): string {
    return this.#parts.service;
  }

  get address(): Address {
    return this.#parts.address;
  }

  get container(): Container {
    return this.#parts.container;
  }

  get aliases(): readonly string[] {
    return this.#parts.aliases;
  }

  get resources(): Resources {
    return this.#parts.resources;
  }

  /** Breakers that it last said to be in another state than closed. */
  get openBreakers(): readonly string[] {
    return this.#statements.openBreakers;
  }

  /** The container runs: follows it from its first line on. */
  follow(): void {
    this.#report('starting');
    this.#begin(true);
  }

  /** Waits until it can serve. */
  async ready(signal: AbortSignal): Promise<void> {
    const life = this.#demandLife();
    if (this.#parts.isReadyOnStart !== true) {
      const answer = await this.#asked(declarationOf(this.#context.plan, this.service).readyWithinMs, life, signal);
      if (answer !== undefined) throw this.#failure(answer);
    }
    this.#report('ready');
  }

  /** From now on it serves another run; what it said last of its breakers is said again, as nobody of that run has heard it. */
  serve(serving: Serving): void {
    this.#serving = serving;
    for (const text of this.#statements.texts) this.#pass(text);
  }

  /** Nobody's run: what it prints is dropped. */
  rest(): void {
    this.#serving = undefined;
  }

  start(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isUp()) return;
      this.#closing.signal.throwIfAborted();
      this.#statements.clear();
      this.#report('starting');
      // Attached before it starts, so that its first line is not missed.
      const life = this.#begin(false);
      await this.container.start();
      life.ended = this.#watchEnd(life);
      void this.#reportReadiness(life);
    });
  }

  kill(): Promise<void> {
    return this.#inTurn(() => this.#end('kill', () => this.container.kill()));
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      // A paused one takes its SIGTERM only once it goes on.
      await this.container.resume();
      await this.#end('stop', () => this.container.stop(LIMITS.stopMs));
    });
  }

  pause(): Promise<void> {
    return this.#inTurn(async () => {
      await this.container.pause();
      this.#report('paused');
    });
  }

  resume(): Promise<void> {
    return this.#inTurn(async () => {
      if (!this.#isUp() || (await this.container.inspect()).status !== 'paused') return;
      await this.container.resume();
      this.#report('resumed');
    });
  }

  /** For acts that leave it running. */
  act(action: (container: Container) => Promise<void>, said?: () => Pick<ServiceMoved, 'state' | 'detail'>): Promise<void> {
    return this.#inTurn(async () => {
      await action(this.container);
      const { state, detail } = said?.() ?? {};
      if (state !== undefined) this.#report(state, detail);
    });
  }

  /** It is about to be removed: nothing that follows is news. */
  close(): void {
    this.#closing.abort(new HarnessError(`Service '${this.service}' is being taken down`));
  }

  get #context(): UpContext {
    if (this.#serving === undefined) throw new HarnessError(`Cannot act on service '${this.service}' as no run uses it at the moment`);
    return this.#serving.context;
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(action, action);
    this.#queue = done.catch((error: unknown) => error);
    return done;
  }

  #isUp(): boolean {
    return this.#life !== undefined && this.#life.exit === undefined;
  }

  #demandLife(): Life {
    if (this.#life === undefined) throw new HarnessError(`Cannot wait for service '${this.service}' as it was never started`);
    return this.#life;
  }

  #begin(isRunning: boolean): Life {
    const life: Life = { over: new AbortController(), intent: 'run', exit: undefined, ended: Promise.resolve() };
    this.#life = life;
    this.#tellProcess('started', this.#parts.container.name);
    void this.container
      .lines(({ stream, text }) => this.#read(stream, text), { signal: this.#closing.signal, fromStart: isRunning })
      .catch((error: unknown) => this.#serving?.log.write(`halfopen: its output cannot be read: ${(error as Error).message}`));
    if (isRunning) life.ended = this.#watchEnd(life);
    return life;
  }

  async #watchEnd(life: Life): Promise<void> {
    try {
      life.exit = await this.container.exited(this.#closing.signal);
    } catch (error) {
      // Taken down, or the engine is gone, which the environment says.
      if (this.#closing.signal.aborted || isGone((error as Error).cause)) return;
      throw error;
    }
    const detail = describeExit(life.exit);
    this.#report(EXIT_STATES[life.intent], detail);
    this.#tellProcess('exited', detail);
    life.over.abort(new HarnessError(`it ${detail}`));
  }

  async #end(intent: 'kill' | 'stop', act: () => Promise<void>): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    if (life.exit === undefined) life.intent = intent;
    await act();
    await life.ended;
  }

  async #asked(withinMs: number, life: Life, signal: AbortSignal): Promise<string | undefined> {
    const { ready: path } = declarationOf(this.#context.plan, this.service);
    const ended = AbortSignal.any([signal, life.over.signal, this.#closing.signal]);
    try {
      const answer = await untilReady({ address: this.address, path, withinMs, signal: ended, isForwarded: true });
      return answer === undefined ? undefined : `it was not ready within ${withinMs} ms: ${answer}`;
    } catch (error) {
      signal.throwIfAborted();
      if (life.exit === undefined) throw error;
      return `it ${describeExit(life.exit)} before it was ready`;
    }
  }

  /** A service that a fault brought back has no deadline: whether it recovers is for the checks to judge. */
  async #reportReadiness(life: Life): Promise<void> {
    try {
      const answer = await this.#asked(LIMITS.runMs, life, this.#closing.signal);
      if (answer === undefined) this.#report('ready');
    } catch (error) {
      if (!this.#closing.signal.aborted && this.#serving !== undefined) throw error;
    }
  }

  #read(stream: 'stdout' | 'stderr', text: string): void {
    this.#serving?.log.write(text);
    if (stream !== 'stdout') return;
    this.#statements.read(text);
    this.#pass(text);
  }

  #pass(text: string): void {
    const context = this.#serving?.context;
    context?.onLine({ service: this.service, instance: instanceOf(this.service), atUs: context.clock.nowUs(), text });
  }

  #tellProcess(state: 'started' | 'exited', detail: string): void {
    const context = this.#serving?.context;
    context?.onProcess({ service: this.service, instance: instanceOf(this.service), atUs: context.clock.nowUs(), state, detail });
  }

  #report(state: ServiceMoved['state'], detail?: string): void {
    const context = this.#serving?.context;
    const row = { kind: 'service', atUs: context?.clock.nowUs() ?? 0, service: this.service, state } as const;
    context?.sink({ table: 'events', row: { ...row, ...(detail === undefined ? {} : { detail }) } });
  }

  #failure(reason: string): HarnessError {
    const lines = this.#serving?.log.lastLines() ?? [];
    const { image } = this.#context.plan.system.services[this.service] ?? {};
    return new HarnessError(
      [
        `Cannot start service '${this.service}' in container ${this.container.name}: ${reason}.`,
        ...(lines.length === 0
          ? ['  It printed nothing.']
          : [`  Its last lines (all: ${this.#serving?.log.path ?? ''}):`, ...lines.map((line) => `    ${line}`)]),
        `  Way out: does it listen on all interfaces, on port ${declarationOf(this.#context.plan, this.service).port ?? DEFAULT_PORT}? See 'port', 'ready' and 'readyWithinMs' in the system's file${image === undefined ? '' : `, and try docker run --rm ${image}`}.`,
      ].join('\n'),
    );
  }
}

/** The port inside a container unless its service says otherwise. */
export const DEFAULT_PORT = 8080;

const EXIT_STATES = { run: 'exited', kill: 'killed', stop: 'stopped' } as const;

/** The name of a service's only instance; it stays the same across restarts. */
function instanceOf(service: string): string {
  return `${service}-1`;
}

function describeExit({ exitCode, isOomKilled }: { readonly exitCode: number; readonly isOomKilled: boolean }): string {
  return isOomKilled ? 'was killed for want of memory' : `exited with code ${exitCode}`;
}
