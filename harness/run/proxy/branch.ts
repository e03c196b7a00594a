import type { Socket } from 'node:net';
import { monotonicUs } from '../clock.ts';
import { parseHostPort, type HostPort } from './address.ts';
import { Connection, type ConnectionOwner } from './connection.ts';
import type { DialError, ProxyCounters } from './counters.ts';
import { isTableFull } from './file-table.ts';
import type { Tap } from './tap/contract.ts';
import type { Stream, Toxic } from './toxic.ts';
import type { Attributes } from './toxics/contract.ts';

/** So many moments of acceptance are remembered: a connection's place among all is exact within them. */
const REMEMBERED_ACCEPTS = 4096;

export interface BranchOptions {
  readonly name: string;
  readonly seed: number;
  readonly upstream: string;
  /** Makes the tap of a connection; `countTouch` is to be told once for each fault that touches what the tap counts. */
  readonly tap: (connection: Connection, countTouch: (fault: string) => void) => Tap;
  readonly countTouch: (fault: string) => void;
}

/** When connections came: all of them in a branch since its count began. */
export interface Accepts {
  /** Of the last ones, in microseconds on the monotonic clock, ascending. */
  readonly timesUs: readonly number[];
  /** How many came before those. */
  readonly earlier: number;
  /** Places (from 1) of those that are still open; 0 for one that got its place earlier. */
  readonly open: readonly number[];
}

/** What a change does to a toxic. */
export interface ToxicChange {
  readonly toxicity: number;
  readonly attributes: Attributes;
}

/** The connections of one proxy that live in one process, and the toxics that work on them there. */
export class Branch implements ConnectionOwner {
  readonly name: string;
  readonly seed: number;
  upstream: string;
  readonly #options: BranchOptions;
  readonly #toxics: Record<Stream, Toxic[]> = { upstream: [], downstream: [] };
  readonly changes: Record<Stream, number> = { upstream: 0, downstream: 0 };
  readonly #connections = new Map<Connection, number>();
  readonly #touched = new Map<string, number>();
  readonly #past = { upReceived: 0, upSent: 0, downReceived: 0, downSent: 0, accepted: 0, acceptErrors: 0, resets: 0 };
  readonly #dialErrors: Record<DialError, number> = { refused: 0, timeout: 0, unreachable: 0, other: 0 };
  /** Connections that were accepted, here or elsewhere, before the present count began. */
  #before = 0;
  #place = 0;
  #timesUs: number[] = [];
  #earlier = 0;

  constructor(options: BranchOptions) {
    this.#options = options;
    this.name = options.name;
    this.seed = options.seed;
    this.upstream = options.upstream;
  }

  /** `caller` comes paused. */
  accept(caller: Socket): void {
    if (isTableFull(caller)) {
      this.acceptFailed();
      caller.resetAndDestroy();
      return;
    }
    this.#past.accepted++;
    const place = ++this.#place;
    this.#timesUs.push(monotonicUs());
    if (this.#timesUs.length >= 2 * REMEMBERED_ACCEPTS) this.#forget();
    const connection = new Connection(this, caller, this.#before + place);
    this.#connections.set(connection, place);
  }

  acceptFailed(): void {
    this.#past.acceptErrors++;
  }

  target(): HostPort {
    return parseHostPort(this.upstream) ?? { host: this.upstream, port: 0 };
  }

  toxics(stream: Stream): readonly Toxic[] {
    return this.#toxics[stream];
  }

  /** All toxics of the callers' direction, then all of the callees', as they were added. */
  allToxics(): readonly Toxic[] {
    return [...this.#toxics.upstream, ...this.#toxics.downstream];
  }

  find(toxic: string): Toxic | undefined {
    return this.allToxics().find(({ name }) => name === toxic);
  }

  tap(connection: Connection): Tap {
    return this.#options.tap(connection, (fault) => this.#touch(fault));
  }

  dialFailed(reason: DialError): void {
    this.#dialErrors[reason]++;
  }

  wasReset(): void {
    this.#past.resets++;
  }

  closed(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    const passed = connection.passed();
    this.#past.upReceived += passed.upReceived;
    this.#past.upSent += passed.upSent;
    this.#past.downReceived += passed.downReceived;
    this.#past.downSent += passed.downSent;
  }

  addToxic(toxic: Toxic): void {
    this.#toxics[toxic.stream].push(toxic);
    this.#sync(toxic.stream);
  }

  /** Puts changed settings in force; a changed share of connections hits or spares those whose die says so. */
  updateToxic(name: string, change: ToxicChange): void {
    const toxic = this.find(name);
    if (toxic === undefined) return;
    for (const attribute of Object.keys(toxic.attributes)) delete toxic.attributes[attribute];
    Object.assign(toxic.attributes, change.attributes);
    for (const connection of this.#connections.keys()) connection.update(toxic);
    if (toxic.toxicity === change.toxicity) return;
    toxic.toxicity = change.toxicity;
    this.#sync(toxic.stream);
  }

  removeToxic(name: string): void {
    const toxic = this.find(name);
    if (toxic === undefined) return;
    this.#toxics[toxic.stream] = this.#toxics[toxic.stream].filter((other) => other !== toxic);
    this.#sync(toxic.stream);
  }

  released(rule: string): void {
    for (const connection of this.#connections.keys()) connection.tap.released(rule);
  }

  flush(): void {
    for (const connection of this.#connections.keys()) connection.tap.flush();
  }

  /** Ends every connection. */
  drop(): void {
    for (const connection of this.#connections.keys()) connection.drop();
  }

  accepts(): Accepts {
    return { timesUs: this.#timesUs, earlier: this.#earlier, open: [...this.#connections.values()] };
  }

  /** Gives the open connections their places among those of all branches, and counts on behind `total`. */
  renumber(ordinals: readonly (number | null)[], total: number): void {
    let index = 0;
    for (const connection of this.#connections.keys()) {
      connection.ordinal = ordinals[index++] ?? connection.ordinal;
      this.#connections.set(connection, 0);
    }
    this.#before = total;
    this.#place = 0;
    this.#earlier = 0;
    this.#timesUs = [];
  }

  counters(): ProxyCounters {
    const bytes = { ...this.#past };
    for (const connection of this.#connections.keys()) {
      const passed = connection.passed();
      bytes.upReceived += passed.upReceived;
      bytes.upSent += passed.upSent;
      bytes.downReceived += passed.downReceived;
      bytes.downSent += passed.downSent;
    }
    return {
      upstream: { received: bytes.upReceived, sent: bytes.upSent },
      downstream: { received: bytes.downReceived, sent: bytes.downSent },
      accepted: bytes.accepted,
      open: this.#connections.size,
      dialErrors: { ...this.#dialErrors },
      acceptErrors: bytes.acceptErrors,
      resets: bytes.resets,
      touched: Object.fromEntries(this.#touched),
    };
  }

  #touch(fault: string): void {
    this.#touched.set(fault, (this.#touched.get(fault) ?? 0) + 1);
    this.#options.countTouch(fault);
  }

  #sync(stream: Stream): void {
    this.changes[stream]++;
    for (const connection of this.#connections.keys()) connection.changed(stream);
  }

  #forget(): void {
    this.#earlier += REMEMBERED_ACCEPTS;
    this.#timesUs = this.#timesUs.slice(REMEMBERED_ACCEPTS);
  }
}

/**
 * The places of each branch's open connections among the connections of all, `before` of which came earlier; null for one that has its
 * place already.
 */
export function placesAmongAll(
  branches: readonly Accepts[],
  before: number,
): { readonly ordinals: readonly (number | null)[][]; readonly total: number } {
  const ordinals = branches.map((own) =>
    own.open.map((place) => {
      if (place === 0) return null;
      const atUs = own.timesUs[place - 1 - own.earlier] ?? own.timesUs[0] ?? 0;
      let ordinal = before + place;
      for (const other of branches) if (other !== own) ordinal += other.earlier + countBelow(other.timesUs, atUs);
      return ordinal;
    }),
  );
  const total = branches.reduce((sum, { timesUs, earlier }) => sum + earlier + timesUs.length, before);
  return { ordinals, total };
}

/** How many of the ascending numbers are less. */
function countBelow(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? Infinity) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
