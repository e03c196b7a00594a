import { createServer, type AddressInfo, type Server } from 'node:net';
import type { Observe } from '../../model/system.ts';
import { formatHostPort, listenHost, parseHostPort } from './address.ts';
import { Branch, placesAmongAll, type ToxicChange } from './branch.ts';
import type { Connection } from './connection.ts';
import { sumOf, type ProxyCounters } from './counters.ts';
import { HttpTap } from './http/http-tap.ts';
import { RuleSet } from './http/rules.ts';
import type { Tap } from './tap/contract.ts';
import type { ExchangeLog } from './tap/exchange.ts';
import { PlainTap } from './tap/plain-tap.ts';
import { TcpTap } from './tap/tcp-tap.ts';
import type { Toxic } from './toxic.ts';
import type { Want } from './toxics/contract.ts';
import { Turns } from './turns.ts';
import type { Worker, WorkerPool } from './workers/pool.ts';
import { RemoteBranch } from './workers/remote-branch.ts';

/** What a proxy may have beyond Toxiproxy's. */
export interface ProxyTraits {
  /** What its records call it: the edge's name, or the proxy's. */
  readonly edge: string;
  /** HTTP proxies take rules. */
  readonly protocol: 'http' | 'tcp';
  /** Its exchanges are recorded. */
  readonly isTapped: boolean;
  readonly observe: Observe | undefined;
}

export interface ListenerOptions {
  readonly name: string;
  /** Names the proxy among all that this server ever had. */
  readonly key: number;
  readonly listen: string;
  readonly upstream: string;
  readonly seed: number;
  readonly log: ExchangeLog;
  readonly traits: ProxyTraits;
  readonly pool: WorkerPool;
}

/** A proxy takes up the workers again when it has had no toxic for this long. */
const UNTOUCHED_MS = 500;

/**
 * One proxy: a listening address, where it leads, and the faults in force on it. While it has no toxic, workers accept its connections
 * too; what decides by order (dice, shares, quotas) is decided in this process alone, so a proxy that has a toxic, takes rules or is tapped
 * accepts here only.
 */
export class Listener {
  readonly name: string;
  readonly key: number;
  readonly traits: ProxyTraits;
  readonly rules: RuleSet;
  listen: string;
  readonly #options: ListenerOptions;
  readonly #branch: Branch;
  readonly #remotes: RemoteBranch[] = [];
  readonly #turns = new Turns();
  #server: Server | null = null;
  /** Workers accept as well. */
  #isSpread = false;
  #spreading: NodeJS.Timeout | null = null;
  #accepted = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.name = options.name;
    this.key = options.key;
    this.listen = options.listen;
    this.traits = options.traits;
    this.rules = new RuleSet(options.seed);
    this.#branch = new Branch({
      name: options.name,
      seed: options.seed,
      upstream: options.upstream,
      tap: (connection, countTouch) => this.#tap(connection, countTouch),
      countTouch: (fault) => options.log.countTouch(fault),
    });
  }

  get upstream(): string {
    return this.#branch.upstream;
  }

  /** Where connections lead that are dialled from now on. */
  set upstream(upstream: string) {
    this.#branch.upstream = upstream;
    for (const remote of this.#remotes) void this.#turns.take(() => remote.retarget(upstream));
  }

  get enabled(): boolean {
    return this.#server !== null;
  }

  /** All toxics of the callers' direction, then all of the callees', as they were added. */
  get toxics(): readonly Toxic[] {
    return this.#branch.allToxics();
  }

  find(toxic: string): Toxic | undefined {
    return this.#branch.find(toxic);
  }

  /** The shared wire of a toxic; false where there is none of that name. */
  reserve(name: string, want: Want, granted: (freeUs: number) => void): boolean {
    const toxic = this.find(name);
    toxic?.pace.reserve(want, granted);
    return toxic !== undefined;
  }

  async counters(): Promise<ProxyCounters> {
    return sumOf(await this.countersByProcess());
  }

  /** This process's counts first, then those of each worker that has had connections. */
  async countersByProcess(): Promise<readonly ProxyCounters[]> {
    const remote = await Promise.all(this.#remotes.map((branch) => branch.counters()));
    return [this.#branch.counters(), ...remote.filter((counters) => counters !== null)];
  }

  /**
   * Listens.
   *
   * @throws {Error} whose message is Toxiproxy's if the address is none or taken
   */
  start(): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#server !== null) return;
      const server = await this.#bind();
      server.on('error', () => this.#branch.acceptFailed());
      this.#server = server;
      this.#spreadSoon(0);
    });
  }

  /** Stops listening and ends every connection. */
  stop(): Promise<void> {
    return this.#turns.take(async () => {
      const server = this.#server;
      this.#server = null;
      this.#stopSpreading();
      if (server === null) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      this.#branch.drop();
      await Promise.all([closed, ...this.#remotes.map((remote) => remote.drop())]);
      if (this.#isSpread) await this.#gather();
    });
  }

  /** Stops for good. */
  async end(): Promise<void> {
    await this.stop();
    await Promise.all(this.#remotes.splice(0).map((remote) => remote.forget()));
  }

  /** Resolves when it is in force on every connection. */
  addToxic(toxic: Toxic): Promise<void> {
    return this.#turns.take(async () => {
      this.#stopSpreading();
      if (this.#isSpread) await this.#gather();
      this.#branch.addToxic(toxic);
      await Promise.all(this.#remotes.map((remote) => remote.addToxic(toxic)));
    });
  }

  /** Puts changed settings in force; a changed share of connections hits or spares those whose die says so. */
  updateToxic(toxic: Toxic, change: ToxicChange): Promise<void> {
    return this.#turns.take(async () => {
      this.#branch.updateToxic(toxic.name, change);
      await Promise.all(this.#remotes.map((remote) => remote.updateToxic(toxic.name, change)));
    });
  }

  removeToxic(toxic: Toxic): Promise<void> {
    return this.#turns.take(async () => {
      this.#branch.removeToxic(toxic.name);
      await Promise.all(this.#remotes.map((remote) => remote.removeToxic(toxic.name)));
      this.#spreadSoon(UNTOUCHED_MS);
    });
  }

  removeRule(name: string): boolean {
    const wasThere = this.rules.remove(name);
    this.#branch.released(name);
    return wasThere;
  }

  /** Withdraws every toxic and every rule. */
  async heal(): Promise<void> {
    for (const name of this.rules.clear()) this.removeRule(name);
    await Promise.all(this.toxics.map((toxic) => this.removeToxic(toxic)));
  }

  /** Ends the exchanges under way as unfinished. */
  flush(): void {
    this.#branch.flush();
  }

  /** A worker is there to take connections. */
  workerReady(): void {
    this.#spreadSoon(0);
  }

  async #bind(): Promise<Server> {
    const address = parseHostPort(this.listen === '' ? ':0' : this.listen);
    if (address === null) throw new Error(`listen tcp: address ${this.listen}: missing port in address`);
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => this.#branch.accept(socket));
    await new Promise<void>((resolve, reject) => {
      const refused = (error: NodeJS.ErrnoException): void => {
        const reason = error.code === 'EADDRINUSE' ? 'bind: address already in use' : error.message;
        reject(new Error(`listen tcp ${formatHostPort({ ...address, host: listenHost(address.host) })}: ${reason}`));
      };
      server.once('error', refused);
      server.listen({ host: listenHost(address.host), port: address.port, backlog: 1024 }, () => {
        server.off('error', refused);
        resolve();
      });
    });
    const bound = server.address() as AddressInfo;
    this.listen = formatHostPort({ host: bound.address, port: bound.port });
    return server;
  }

  get #maySpread(): boolean {
    const { protocol, isTapped } = this.traits;
    return this.#server !== null && protocol === 'tcp' && !isTapped && this.toxics.length === 0 && this.#options.pool.count > 0;
  }

  #spreadSoon(afterMs: number): void {
    if (!this.#maySpread) return;
    this.#options.pool.start();
    this.#stopSpreading();
    this.#spreading = setTimeout(() => void this.#turns.take(() => this.#spread()), afterMs);
    this.#spreading.unref();
  }

  #stopSpreading(): void {
    if (this.#spreading !== null) clearTimeout(this.#spreading);
    this.#spreading = null;
  }

  /** Hands the listening socket to every worker that does not have it. */
  async #spread(): Promise<void> {
    const server = this.#server;
    if (server === null || !this.#maySpread) return;
    const joining = this.#options.pool.workers.filter(
      (worker) => !this.#isSpread || !this.#remotes.some((remote) => remote.worker === worker),
    );
    if (joining.length === 0) return;
    this.#isSpread = true;
    const { name, seed } = this.#options;
    await Promise.all(joining.map((worker) => this.#remoteOf(worker).open({ name, seed, upstream: this.upstream }, server)));
  }

  #remoteOf(worker: Worker): RemoteBranch {
    const known = this.#remotes.find((remote) => remote.worker === worker);
    if (known !== undefined) return known;
    const remote = new RemoteBranch(worker, this.key, (fault) => this.#options.log.countTouch(fault));
    this.#remotes.push(remote);
    return remote;
  }

  /** Lets this process alone accept, and gives each connection its place among all that came. */
  async #gather(): Promise<void> {
    this.#isSpread = false;
    const remote = await Promise.all(this.#remotes.map((branch) => branch.retire()));
    const { ordinals, total } = placesAmongAll([this.#branch.accepts(), ...remote], this.#accepted);
    this.#accepted = total;
    this.#branch.renumber(ordinals[0] ?? [], total);
    await Promise.all(this.#remotes.map((branch, index) => branch.renumber(ordinals[index + 1] ?? [], total)));
  }

  #tap(connection: Connection, countTouch: (fault: string) => void): Tap {
    const { edge, protocol, isTapped, observe } = this.traits;
    const log: ExchangeLog = { record: (record) => this.#options.log.record(record), countTouch };
    if (!isTapped && protocol === 'tcp') return new PlainTap(connection, countTouch);
    // Replicas are not told apart yet: the callee has one instance.
    const origin = { edge, instance: `${edge.split('->').at(-1) ?? edge}-1`, connection: connection.ordinal };
    if (protocol === 'tcp') return new TcpTap(connection, origin, log);
    return new HttpTap({ wire: connection, origin, log, rules: this.rules, observe });
  }
}
