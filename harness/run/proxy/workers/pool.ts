import { fork, type ChildProcess } from 'node:child_process';
import type { Server } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnswerTo, FromWorker, Order, ToWorker } from './protocol.ts';

/** A worker that does not answer in this time is ended: the control API must not wait for it. A loaded machine may take seconds. */
const ANSWER_MS = 10_000;

type Reserve = Extract<FromWorker, { readonly kind: 'reserve' }>;

/** Grants the wire that a toxic's connections share. */
export type Granter = (request: Reserve, granted: (freeUs: number) => void) => void;

/** One process beside the main one. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #ordinal = 0;
  #isLost = false;
  readonly ready: Promise<void>;
  readonly lost: Promise<void>;

  constructor(grant: Granter) {
    const entry = fileURLToPath(new URL(`./worker${extname(import.meta.url)}`, import.meta.url));
    this.#child = fork(entry, [], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const { promise: ready, resolve: isReady } = Promise.withResolvers<void>();
    const { promise: lost, resolve: isLost } = Promise.withResolvers<void>();
    this.ready = ready;
    this.lost = lost;
    this.#child.on('message', (message: FromWorker) => {
      if (message.kind === 'ready') isReady();
      else if (message.kind === 'reserve') grant(message, (freeUs) => this.#send({ kind: 'granted', request: message.request, freeUs }));
      else this.#settle(message);
    });
    const gone = (): void => {
      this.#isLost = true;
      for (const { reject } of this.#pending.values()) reject(new Error('the worker is gone'));
      this.#pending.clear();
      isLost();
    };
    this.#child.on('error', gone);
    this.#child.on('exit', gone);
    // A worker must not keep the program alive whose connections it serves.
    this.#child.unref();
    this.#child.channel?.unref();
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** @throws {Error} if the worker is gone, or fails to do it */
  async ask<O extends Order>(proxy: number, order: O, handle?: Server): Promise<AnswerTo<O['op']>> {
    if (this.#isLost) throw new Error('the worker is gone');
    const id = ++this.#ordinal;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(id, { resolve, reject });
    const deadline = setTimeout(() => this.end(), ANSWER_MS);
    // Who waits for an answer must not find the program at its end.
    this.#child.channel?.ref();
    this.#send({ kind: 'order', id, proxy, order }, handle);
    try {
      return (await promise) as AnswerTo<O['op']>;
    } finally {
      clearTimeout(deadline);
      if (this.#pending.size === 0) this.#child.channel?.unref();
    }
  }

  /** Ends the process, and with it its connections; `lost` resolves when it is gone. */
  end(): void {
    if (this.#isLost) return;
    this.#child.ref();
    this.#child.kill('SIGKILL');
  }

  #send(message: ToWorker, handle?: Server): void {
    if (this.#child.connected) this.#child.send(message, handle, { keepOpen: true }, () => undefined);
  }

  #settle(message: Extract<FromWorker, { readonly id: number }>): void {
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'answer') pending?.resolve(message.answer);
    else pending?.reject(new Error(message.message));
  }
}

export interface WorkerPoolOptions {
  readonly count: number;
  readonly grant: Granter;
  /** Another worker can take connections. */
  readonly onReady: () => void;
}

/** The processes beside the main one; they are started when the first proxy can use them. */
export class WorkerPool {
  readonly count: number;
  readonly #options: WorkerPoolOptions;
  readonly #started: Worker[] = [];
  #ready: Worker[] = [];
  #lost = 0;
  #isEnded = false;

  constructor(options: WorkerPoolOptions) {
    this.count = options.count;
    this.#options = options;
  }

  /** Those that can take connections. */
  get workers(): readonly Worker[] {
    return this.#ready;
  }

  /** Workers that ended, with their connections, though nobody asked for it. */
  get lost(): number {
    return this.#lost;
  }

  /** Starts the workers; later calls do nothing. */
  start(): void {
    if (this.#started.length > 0 || this.#isEnded) return;
    for (let index = 0; index < this.count; index++) this.#started.push(this.#startWorker());
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    this.#ready = [];
    for (const worker of this.#started) worker.end();
    await Promise.all(this.#started.map(({ lost }) => lost));
  }

  #startWorker(): Worker {
    const worker = new Worker(this.#options.grant);
    void worker.ready.then(() => {
      if (this.#isEnded || worker.isLost) return;
      this.#ready.push(worker);
      this.#options.onReady();
    });
    void worker.lost.then(() => {
      if (!this.#isEnded) this.#lost++;
      this.#ready = this.#ready.filter((other) => other !== worker);
    });
    return worker;
  }
}
