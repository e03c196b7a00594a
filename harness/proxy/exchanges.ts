import { HarnessError } from '../model/problem.ts';
import { formatMs, milliseconds, type Duration } from '../model/time.ts';
import type { TapRecord } from '../run/proxy/contract.ts';

/** One call (on a TCP callee: one connection) as its caller saw it; times on the proxy's monotonic clock, in microseconds. */
export type Exchange = TapRecord;

/** Most exchanges that are kept for one callee; the oldest go first. */
const KEPT = 100_000;
const DEADLINE_MS = 5000;
/** How many exchanges an error shows. */
const SHOWN = 5;

/** What one callee's tap has seen so far. */
export class Exchanges {
  readonly #name: string;
  #list: Exchange[] = [];
  readonly #taken = new WeakSet<Exchange>();
  readonly #waiting = new Set<() => void>();
  #broken: string | null = null;

  constructor(name: string) {
    this.#name = name;
  }

  get list(): readonly Exchange[] {
    return this.#list;
  }

  add(exchange: Exchange): void {
    this.#list.push(exchange);
    if (this.#list.length > KEPT) this.#list = this.#list.slice(-KEPT / 2);
    for (const check of this.#waiting) check();
  }

  /** No more will come. */
  end(reason: string): void {
    this.#broken = reason;
    for (const check of this.#waiting) check();
  }

  /** The oldest exchange that fits and that no earlier call has answered; waits for it. */
  next(fits: (exchange: Exchange) => boolean, deadline: Duration | undefined): Promise<Exchange> {
    const deadlineMs = milliseconds(deadline ?? DEADLINE_MS, 'deadline');
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        act();
      };
      const check = (): void => {
        try {
          const found = this.#list.find((exchange) => !this.#taken.has(exchange) && fits(exchange));
          if (found !== undefined) {
            this.#taken.add(found);
            settle(() => resolve(found));
          } else if (this.#broken !== null) {
            settle(() => reject(this.#missing(this.#broken ?? '')));
          }
        } catch (error) {
          settle(() => reject(error as Error));
        }
      };
      const timer = setTimeout(() => settle(() => reject(this.#missing(`none came within ${formatMs(deadlineMs)}`))), deadlineMs);
      this.#waiting.add(check);
      check();
    });
  }

  #missing(reason: string): HarnessError {
    const shown = this.#list
      .slice(-SHOWN)
      .map(({ method, path, outcome, status, fault }) => `${method} ${path} ${outcome} ${status}${fault === null ? '' : ` (${fault})`}`);
    const seen = this.#list.length === 0 ? 'it has seen none at all' : `it has seen ${this.#list.length}, the last: ${shown.join('; ')}`;
    return new HarnessError(`Cannot answer the next exchange of ${this.#name} that fits: ${reason}; ${seen}`);
  }
}
