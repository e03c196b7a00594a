import { LIMITS } from '../../../model/limits.ts';
import { observerOf, type Observer } from '../../../model/observe.ts';
import type { Observed } from '../../../model/recording.ts';
import type { Observe } from '../../../model/system.ts';

/** Gathers a reply's body as far as the limit allows. */
export class BodyCollector {
  #parts: Buffer[] = [];
  #bytes = 0;

  data(data: Buffer): void {
    this.#bytes += data.length;
    if (this.#bytes <= LIMITS.bodyBytes) this.#parts.push(data);
    else this.#parts = [];
  }

  /** What the pointers find in the body; null where it is too long or no JSON. */
  observe(observe: Observe): Observed | null {
    if (this.#bytes === 0 || this.#bytes > LIMITS.bodyBytes) return null;
    let body: unknown;
    try {
      body = JSON.parse(Buffer.concat(this.#parts).toString('utf8'));
    } catch (error) {
      if (error instanceof SyntaxError) return null;
      throw error;
    }
    return compiled(observe)(body);
  }
}

const observers = new WeakMap<Observe, Observer>();

/** An edge's pointers are compiled once. */
function compiled(observe: Observe): Observer {
  const known = observers.get(observe) ?? observerOf(observe);
  observers.set(observe, known);
  return known;
}
