import { Turns } from './turns.ts';
import { WorkerPool } from './workers/pool.ts';
import { Listener, type ProxyTraits } from './listener.ts';
import type { ExchangeLog } from './tap/exchange.ts';
import type { TapLog } from './tap/tap-log.ts';

/** What a caller wants of a proxy; what it leaves out stays as it is. */
export interface ProxyRequest {
  readonly name: string;
  readonly listen: string;
  readonly upstream: string;
  readonly enabled: boolean;
}

/** Every proxy by name, and what they share. */
export class Registry {
  readonly log: TapLog;
  readonly seed: number;
  readonly pool: WorkerPool;
  readonly #listeners = new Map<string, Listener>();
  readonly #turns = new Map<string, Turns>();
  /** Proxies of Toxiproxy's own API have no edge: their faults count what they touch, and that is all that is kept. */
  readonly #plainLog: ExchangeLog;

  #made = 0;

  /** `workers` is how many processes carry connections beside this one. */
  constructor(log: TapLog, seed: number, workers = 0) {
    this.log = log;
    this.seed = seed;
    this.pool = new WorkerPool({
      count: workers,
      grant: ({ proxy, toxic, want }, granted) => {
        const listener = this.all().find(({ key }) => key === proxy);
        // A toxic that is gone limits nobody; what waits for its wire must hear so.
        if (listener?.reserve(toxic, want, granted) !== true) granted(0);
      },
      onReady: () => this.all().forEach((listener) => listener.workerReady()),
    });
    this.#plainLog = { record: () => undefined, countTouch: (fault) => log.countTouch(fault) };
  }

  get(name: string): Listener | undefined {
    return this.#listeners.get(name);
  }

  /** By name. */
  all(): Listener[] {
    return [...this.#listeners.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  }

  /**
   * Makes a proxy in the place of the one of that name, if there is one, and starts it if it is enabled. `prepare` puts faults in force on it
   * before its first connection. Registers nothing when that or its address fails.
   */
  async create(
    request: ProxyRequest,
    traits: ProxyTraits = plainTraits(request.name),
    prepare?: (listener: Listener) => Promise<void>,
  ): Promise<Listener> {
    const listener = new Listener({
      name: request.name,
      listen: request.listen,
      upstream: request.upstream,
      key: ++this.#made,
      seed: this.seed,
      pool: this.pool,
      log: traits.isTapped ? this.log : this.#plainLog,
      traits,
    });
    const before = this.#listeners.get(request.name);
    this.#listeners.set(request.name, listener);
    try {
      await prepare?.(listener);
      if (request.enabled) await listener.start();
    } catch (error) {
      if (before === undefined) this.#listeners.delete(request.name);
      else this.#listeners.set(request.name, before);
      throw error;
    }
    return listener;
  }

  /** Changes a proxy; another address or callee restarts it, the same leave its connections alone. */
  async update(listener: Listener, request: Omit<ProxyRequest, 'name'>): Promise<void> {
    const differs = request.upstream !== listener.upstream || !isSameListen(request.listen, listener.listen);
    if (differs) {
      await listener.stop();
      listener.upstream = request.upstream;
      if (!isSameListen(request.listen, listener.listen)) listener.listen = request.listen;
    }
    if (request.enabled) await listener.start();
    else await listener.stop();
  }

  async remove(listener: Listener): Promise<void> {
    this.#listeners.delete(listener.name);
    await listener.end();
  }

  /**
   * Runs `act` when nothing else that was given for this proxy is under way: checks and what follows from them then hold together, though
   * both may take time.
   */
  exclusively<T>(name: string, act: () => T | Promise<T>): Promise<T> {
    const turns = this.#turns.get(name) ?? new Turns();
    this.#turns.set(name, turns);
    return turns.take(act).finally(() => {
      if (turns.isIdle && this.#turns.get(name) === turns) this.#turns.delete(name);
    });
  }

  /** Brings counts that other processes keep up to date. */
  async sync(): Promise<void> {
    await Promise.all(this.all().map((listener) => listener.counters()));
  }

  async removeAll(): Promise<void> {
    await Promise.all(this.all().map((listener) => this.remove(listener)));
  }
}

/** A proxy as Toxiproxy knows it. */
export function plainTraits(name: string): ProxyTraits {
  return { edge: name, protocol: 'tcp', isTapped: false, observe: undefined };
}

/** Whether an address as a caller writes it is the one that was bound. */
function isSameListen(wanted: string, bound: string): boolean {
  return (
    wanted === bound || wanted.replace(/^localhost:/, '127.0.0.1:') === bound || wanted.replace(/^(?:0\.0\.0\.0)?:/, '[::]:') === bound
  );
}
