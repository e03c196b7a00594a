import type { BreakerState, Probe } from '../../model/breaker.ts';
import type { BreakerMoved, ProbeReported } from '../../model/event.ts';
import type { ServiceLine, ServiceProcessEvent } from '../environments/contract.ts';
import type { ProbeContext, ProbeDriver, Watch } from './contract.ts';
import { readServiceLine, statedUs } from './service-line.ts';

/** Reads a breaker's transitions from the lines that its service prints. */
export interface StdoutEvents extends Probe {
  readonly kind: 'stdout-events';
  /** The breaker's name on those lines; without it, the name under which the system declares it. */
  readonly name?: string;
}

/**
 * Reads a breaker's transitions from lines that its service prints on stdout, once at start and then at each transition:
 * `{"halfopen":"breaker","name":"orders.payments","state":"open"}`. A `monoNs` with `process.hrtime.bigint()` as text
 * makes the moments exact to the microsecond.
 *
 * @example
 * ```ts
 * import { stdoutEvents } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(stdoutEvents(), { kind: 'stdout-events' });
 * assert.deepEqual(stdoutEvents({ name: 'paymentsBreaker' }), { kind: 'stdout-events', name: 'paymentsBreaker' });
 * ```
 * @throws {TypeError} if `name` is empty
 */
export function stdoutEvents(
  options: { /** The breaker's name on the lines. @default the name that the system declares */ readonly name?: string } = {},
): StdoutEvents {
  if (options.name === '') throw new TypeError(`Cannot watch stdout as 'name' must be a breaker's name: current value is ""`);
  return { kind: 'stdout-events', ...(options.name === undefined ? {} : { name: options.name }) };
}

export const stdoutEventsDriver: ProbeDriver = {
  kind: 'stdout-events',
  needs: ['stdout'],
  schema: { name: { type: 'string', optional: true } },
  canSeeHalfOpen: true,
  observerEffect: 'one line of stdout for each transition',
  describe: (probe) => `lines on stdout${nameOf(probe) === undefined ? '' : ` under the name ${nameOf(probe)}`}`,
  watch: (context) => new StdoutWatch(context),
};

/** Most reports of unreadable lines; the rest is only counted. */
const GARBAGE_REPORTS = 20;
/** Most other names that are remembered to explain a silent probe. */
const OTHER_NAMES = 5;

class StdoutWatch implements Watch {
  readonly #context: ProbeContext;
  readonly #name: string;
  /** What each instance of the service said last. */
  readonly #states = new Map<string, BreakerState>();
  readonly #otherNames = new Set<string>();
  #heard = false;
  #garbage = 0;

  constructor(context: ProbeContext) {
    this.#context = context;
    this.#name = nameOf(context.declaration.probe) ?? context.breaker;
  }

  onLine(line: ServiceLine): void {
    const statement = readServiceLine(line.text);
    if (statement === null || statement.about === 'effect') return;
    if (statement.about === 'garbage') {
      if (statement.meant !== 'effect') this.#countGarbage(line.atUs, statement.reason);
      return;
    }
    if (statement.name !== this.#name) {
      if (this.#otherNames.size < OTHER_NAMES) this.#otherNames.add(statement.name);
      return;
    }
    const atUs = statedUs(statement.monoNs, line.atUs, this.#context.clock.originUs);
    if (!this.#heard) this.#report(atUs, 'watching', `first heard: ${statement.state}`);
    this.#heard = true;
    this.#move(line.instance, { to: statement.state, earliestUs: atUs, latestUs: atUs, source: 'event' });
  }

  onProcess(event: ServiceProcessEvent): void {
    // A process that starts anew has said nothing yet, whatever its predecessor said; one that lived and said nothing
    // was in the state that it said last.
    this.#move(event.instance, { to: 'unknown', earliestUs: event.atUs, latestUs: event.atUs, source: 'process' });
  }

  [Symbol.dispose](): void {
    const nowUs = this.#context.clock.nowUs();
    if (!this.#heard) {
      const others = [...this.#otherNames].map((name) => `'${name}'`).join(', ');
      const detail = `no line about '${this.#name}' on the stdout of ${this.#context.declaration.service}`;
      this.#report(nowUs, 'silent', others === '' ? detail : `${detail}; it speaks of ${others}`);
    }
    if (this.#garbage > GARBAGE_REPORTS) this.#report(nowUs, 'garbage', `${this.#garbage} unreadable lines in all`);
  }

  #move(instance: string, move: Pick<BreakerMoved, 'to' | 'earliestUs' | 'latestUs' | 'source'>): void {
    const from = this.#states.get(instance) ?? 'unknown';
    if (from === move.to) return;
    this.#states.set(instance, move.to);
    const { breaker, sink } = this.#context;
    sink({ table: 'events', row: { kind: 'breaker', atUs: move.latestUs, breaker, instance, from, ...move } });
  }

  #countGarbage(atUs: number, reason: string): void {
    this.#garbage++;
    if (this.#garbage <= GARBAGE_REPORTS) this.#report(atUs, 'garbage', reason);
  }

  #report(atUs: number, state: ProbeReported['state'], detail: string): void {
    const { breaker, sink } = this.#context;
    sink({ table: 'events', row: { kind: 'probe', atUs, breaker, state, detail } });
  }
}

function nameOf(probe: Probe): string | undefined {
  const { name } = probe as Partial<StdoutEvents>;
  return typeof name === 'string' && name !== '' ? name : undefined;
}
