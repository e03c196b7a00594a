import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Observe } from '../../model/system.ts';
import { formatHostPort, listenHost, parseHostPort } from './address.ts';
import { Connection } from './connection.ts';
import { HttpTap } from './http/http-tap.ts';
import { RuleSet } from './http/rules.ts';
import type { Tap, Wire } from './tap/contract.ts';
import type { ExchangeLog } from './tap/exchange.ts';
import { TcpTap } from './tap/tcp-tap.ts';
import type { ProxyCounters } from './counters.ts';
import type { Stream, Toxic } from './toxic.ts';
import type { Attributes } from './toxics/contract.ts';

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
  readonly listen: string;
  readonly upstream: string;
  readonly seed: number;
  readonly log: ExchangeLog;
  readonly traits: ProxyTraits;
}

/** One proxy: a listening address, where it leads, and the faults in force on it. */
export class Listener {
  readonly name: string;
  readonly traits: ProxyTraits;
  readonly rules = new RuleSet();
  listen: string;
  upstream: string;
  readonly #options: ListenerOptions;
  readonly #toxics: Record<Stream, Toxic[]> = { upstream: [], downstream: [] };
  readonly #connections = new Set<Connection>();
  #server: Server | null = null;
  #ordinal = 0;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.name = options.name;
    this.listen = options.listen;
    this.upstream = options.upstream;
    this.traits = options.traits;
  }

  get enabled(): boolean {
    return this.#server !== null;
  }

  async counters(): Promise<ProxyCounters> {
    return {
      upstream: { received: 0, sent: 0 },
      downstream: { received: 0, sent: 0 },
      accepted: this.#ordinal,
      open: this.#connections.size,
      dialErrors: { refused: 0, timeout: 0, unreachable: 0, other: 0 },
      acceptErrors: 0,
      resets: 0,
      touched: {},
    };
  }

  /** All toxics of the callers' direction, then all of the callees', as they were added. */
  get toxics(): readonly Toxic[] {
    return [...this.#toxics.upstream, ...this.#toxics.downstream];
  }

  /**
   * Listens.
   *
   * @throws {Error} whose message is Toxiproxy's if the address is none or taken
   */
  async start(): Promise<void> {
    if (this.#server !== null) return;
    const address = parseHostPort(this.listen === '' ? ':0' : this.listen);
    if (address === null) throw new Error(`listen tcp: address ${this.listen}: missing port in address`);
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const reason = error.code === 'EADDRINUSE' ? 'bind: address already in use' : error.message;
        reject(new Error(`listen tcp ${formatHostPort({ ...address, host: listenHost(address.host) })}: ${reason}`));
      });
      server.listen({ host: listenHost(address.host), port: address.port, backlog: 1024 }, resolve);
    });
    server.on('error', () => this.#connections.forEach((connection) => connection.drop()));
    const bound = server.address() as AddressInfo;
    this.listen = formatHostPort({ host: bound.address, port: bound.port });
    this.#server = server;
  }

  /** Stops listening and ends every connection. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of this.#connections) connection.drop();
    await closed;
  }

  find(toxic: string): Toxic | undefined {
    return this.toxics.find(({ name }) => name === toxic);
  }

  /** Resolves when it is in force on every connection. */
  async addToxic(toxic: Toxic): Promise<void> {
    this.#toxics[toxic.stream].push(toxic);
    this.#sync(toxic.stream);
  }

  /** Puts changed settings in force; a changed share of connections hits or spares those whose die says so. */
  async updateToxic(toxic: Toxic, change: { readonly toxicity: number; readonly attributes: Attributes }): Promise<void> {
    Object.assign(toxic.attributes, change.attributes);
    for (const connection of this.#connections) connection.update(toxic);
    if (toxic.toxicity === change.toxicity) return;
    toxic.toxicity = change.toxicity;
    this.#sync(toxic.stream);
  }

  async removeToxic(toxic: Toxic): Promise<void> {
    this.#toxics[toxic.stream] = this.#toxics[toxic.stream].filter((other) => other !== toxic);
    this.#sync(toxic.stream);
  }

  removeRule(name: string): boolean {
    const wasThere = this.rules.remove(name);
    for (const connection of this.#connections) connection.tap.released(name);
    return wasThere;
  }

  /** Removes every toxic and rule. */
  async heal(): Promise<void> {
    for (const toxic of this.toxics) await this.removeToxic(toxic);
    for (const name of this.rules.clear()) this.removeRule(name);
  }

  /** Ends the exchanges under way as unfinished. */
  flush(): void {
    for (const connection of this.#connections) connection.tap.flush();
  }

  #sync(stream: Stream): void {
    for (const connection of this.#connections) connection.sync(stream);
  }

  #accept(caller: Socket): void {
    const ordinal = ++this.#ordinal;
    const { seed, name } = this.#options;
    const connection: Connection = new Connection({
      caller,
      seed,
      label: `${name}/${ordinal}`,
      target: () => parseHostPort(this.upstream) ?? { host: this.upstream, port: 0 },
      toxics: (stream) => this.#toxics[stream],
      tap: (wire) => this.#tap(wire, ordinal),
      onClosed: (closed) => this.#connections.delete(closed),
    });
    this.#connections.add(connection);
  }

  #tap(wire: Wire, ordinal: number): Tap {
    const { edge, protocol, observe } = this.traits;
    const { log } = this.#options;
    // Replicas are not told apart yet: the callee has one instance.
    const origin = { edge, instance: `${edge.split('->').at(-1) ?? edge}-1`, connection: ordinal };
    return protocol === 'tcp' ? new TcpTap(wire, origin, log) : new HttpTap({ wire, origin, log, rules: this.rules, observe });
  }
}
