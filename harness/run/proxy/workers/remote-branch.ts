import type { Server } from 'node:net';
import type { Accepts, ToxicChange } from '../branch.ts';
import { touchesOf, type ProxyCounters } from '../counters.ts';
import type { Toxic } from '../toxic.ts';
import type { Worker } from './pool.ts';
import type { AnswerTo, Order } from './protocol.ts';

const NONE: Accepts = { timesUs: [], earlier: 0, open: [] };

/** The branch of a proxy that a worker keeps. What is asked of one whose worker is gone concerns nobody any more. */
export class RemoteBranch {
  readonly worker: Worker;
  readonly #proxy: number;
  readonly #countTouch: (fault: string) => void;
  #counters: ProxyCounters | null = null;
  #hasConnections = false;

  constructor(worker: Worker, proxy: number, countTouch: (fault: string) => void) {
    this.worker = worker;
    this.#proxy = proxy;
    this.#countTouch = countTouch;
  }

  async open(spec: { readonly name: string; readonly seed: number; readonly upstream: string }, server: Server): Promise<void> {
    this.#hasConnections = true;
    await this.#ask({ op: 'open', ...spec }, server);
  }

  async retire(): Promise<Accepts> {
    const accepts = await this.#ask({ op: 'retire' });
    this.#hasConnections = (accepts?.open.length ?? 0) > 0;
    return accepts ?? NONE;
  }

  async renumber(ordinals: readonly (number | null)[], total: number): Promise<void> {
    await this.#ask({ op: 'renumber', ordinals, total });
  }

  async addToxic({ name, type, stream, toxicity, attributes }: Toxic): Promise<void> {
    if (this.#hasConnections) await this.#ask({ op: 'add-toxic', toxic: { name, type, stream, toxicity, attributes } });
  }

  async updateToxic(toxic: string, change: ToxicChange): Promise<void> {
    if (this.#hasConnections) await this.#ask({ op: 'update-toxic', toxic, change });
  }

  async removeToxic(toxic: string): Promise<void> {
    if (this.#hasConnections) await this.#ask({ op: 'remove-toxic', toxic });
  }

  async retarget(upstream: string): Promise<void> {
    await this.#ask({ op: 'retarget', upstream });
  }

  async drop(): Promise<void> {
    await this.#ask({ op: 'drop' });
  }

  async forget(): Promise<void> {
    await this.#ask({ op: 'forget' });
  }

  /** As they are now; those last heard of where the worker is gone. */
  async counters(): Promise<ProxyCounters | null> {
    const now = await this.#ask({ op: 'counters' });
    if (now === null) return this.#counters === null ? null : { ...this.#counters, open: 0 };
    for (const [fault, count] of Object.entries(now.touched)) {
      for (let known = this.#counters === null ? 0 : touchesOf(this.#counters, fault); known < count; known++) this.#countTouch(fault);
    }
    this.#counters = now;
    return now;
  }

  async #ask<O extends Order>(order: O, handle?: Server): Promise<AnswerTo<O['op']> | null> {
    try {
      return await this.worker.ask(this.#proxy, order, handle);
    } catch (error) {
      if (this.worker.isLost) return null;
      throw error;
    }
  }
}
