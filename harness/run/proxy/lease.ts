import { monotonicUs } from '../clock.ts';
import type { Rule } from './http/rules.ts';
import type { Listener } from './listener.ts';
import type { Registry } from './registry.ts';
import type { Toxic } from './toxic.ts';

/** Why a fault was withdrawn: its own time was over, its owner's lease was, or the dead-man's. */
export type ExpiryReason = 'ttl' | 'lease' | 'lease-ended' | 'dead-man';

/** A fault in force on a proxy. */
export interface Fault {
  readonly proxy: string;
  readonly name: string;
  /** `proxy` is one that is disabled. */
  readonly form: 'toxic' | 'rule' | 'proxy';
  /** The toxic's type, the rule's action, or `down`. */
  readonly kind: string;
  readonly owner: string | null;
  readonly sinceUs: number;
  readonly ttlMs: number | null;
  /** When its own time is over, on the monotonic clock. */
  readonly untilUs: number | null;
}

/** A fault that was withdrawn because its time was over. */
export interface Expiry {
  readonly proxy: string;
  readonly fault: string;
  readonly form: Fault['form'];
  readonly kind: string;
  readonly owner: string | null;
  readonly reason: ExpiryReason;
  readonly atUs: number;
}

/** A promise to come back: what its owner put in force is withdrawn once it is over. */
export interface Lease {
  readonly ttlMs: number;
  readonly sinceUs: number;
  readonly renewedUs: number;
  readonly renewals: number;
}

/** Longest time that may be asked for, in milliseconds: as far as one timer reaches. */
export const LONGEST_TTL_MS = 2 ** 31 - 1;
/** Most owners that hold a lease. */
export const MOST_LEASES = 10_000;
const KEPT_EXPIRIES = 100;
const RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
const MOST_TRIES = 20;

interface Withdrawal {
  readonly fault: Fault;
  readonly reason: ExpiryReason;
  /** Takes it out of force; false where it already is. */
  readonly act: () => Promise<boolean>;
  tries: number;
  isRunning: boolean;
  nextUs: number;
}

/** A fault's place in the proxy, by which it is known although its name may be given again. */
type Holder = Toxic | Rule | Listener;

interface Held {
  readonly holder: Holder;
  readonly listener: Listener;
  readonly fault: Fault;
}

/**
 * Withdraws faults whose time is over: each after its own `ttlMs`, all of an owner when its lease ends, everything when the dead-man's
 * lease does. One timer serves them all; who changes faults or times calls `arm`. A withdrawal that fails is counted and tried again.
 */
export class Leases {
  readonly #registry: Registry;
  readonly #leases = new Map<string, Lease>();
  #deadMan: Lease | null = null;
  readonly #withdrawals = new Map<Holder, Withdrawal>();
  readonly #expiries: Expiry[] = [];
  readonly #expired: Record<ExpiryReason, number> = { ttl: 0, lease: 0, 'lease-ended': 0, 'dead-man': 0 };
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** By owner. */
  get leases(): readonly (readonly [owner: string, lease: Lease])[] {
    return [...this.#leases].sort(([left], [right]) => (left < right ? -1 : 1));
  }

  get deadMan(): Lease | null {
    return this.#deadMan;
  }

  /** The last ones, oldest first. */
  get expiries(): readonly Expiry[] {
    return this.#expiries;
  }

  /** Faults withdrawn so far. */
  get expired(): Readonly<Record<ExpiryReason, number>> {
    return this.#expired;
  }

  /** Withdrawals that failed so far, each try for itself. */
  get failures(): number {
    return this.#failures;
  }

  /** Withdrawals that are under way or wait for another try. */
  get pending(): number {
    return this.#withdrawals.size;
  }

  lease(owner: string): Lease | undefined {
    return this.#leases.get(owner);
  }

  /** Begins the owner's lease, or begins its time anew. */
  renew(owner: string, ttlMs: number): Lease {
    const lease = renewed(this.#leases.get(owner) ?? null, ttlMs);
    this.#leases.set(owner, lease);
    this.arm();
    return lease;
  }

  /** Ends the owner's lease and withdraws what it put in force; resolves after the first try of each. */
  async end(owner: string): Promise<{ readonly withdrawn: number; readonly failed: number }> {
    this.#leases.delete(owner);
    const own = this.#held().filter(({ fault }) => fault.owner === owner);
    for (const held of own) this.#enqueue(held, 'lease-ended');
    const results = await Promise.all(own.map(({ holder }) => this.#try(holder)));
    this.arm();
    return { withdrawn: results.filter(Boolean).length, failed: own.filter(({ holder }) => this.#withdrawals.has(holder)).length };
  }

  renewDeadMan(ttlMs: number): Lease {
    this.#deadMan = renewed(this.#deadMan, ttlMs);
    this.arm();
    return this.#deadMan;
  }

  /** Nobody needs to come back any more; nothing is withdrawn. */
  stopDeadMan(): boolean {
    const wasThere = this.#deadMan !== null;
    this.#deadMan = null;
    this.arm();
    return wasThere;
  }

  /** Sets the timer for what ends next. */
  arm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const nextUs = this.#nextUs();
    if (nextUs === Infinity || this.#isOver) return;
    const waitMs = Math.min(LONGEST_TTL_MS, Math.max(0, Math.ceil((nextUs - monotonicUs()) / 1000)));
    this.#timer = setTimeout(() => this.#ring(), waitMs);
    this.#timer.unref();
  }

  /** No fault is withdrawn from here on. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.arm();
  }

  #nextUs(): number {
    let nextUs = this.#deadMan === null ? Infinity : endUs(this.#deadMan);
    for (const lease of this.#leases.values()) nextUs = Math.min(nextUs, endUs(lease));
    for (const { holder, fault } of this.#held()) {
      if (fault.untilUs !== null && !this.#withdrawals.has(holder)) nextUs = Math.min(nextUs, fault.untilUs);
    }
    for (const { isRunning, nextUs: againUs } of this.#withdrawals.values()) if (!isRunning) nextUs = Math.min(nextUs, againUs);
    return nextUs;
  }

  #ring(): void {
    const nowUs = monotonicUs();
    const held = this.#held();
    if (this.#deadMan !== null && endUs(this.#deadMan) <= nowUs) {
      this.#deadMan = null;
      for (const each of [...held, ...this.#disabled()]) this.#enqueue(each, 'dead-man');
    }
    for (const [owner, lease] of this.#leases) {
      if (endUs(lease) > nowUs) continue;
      this.#leases.delete(owner);
      for (const each of held) if (each.fault.owner === owner) this.#enqueue(each, 'lease');
    }
    for (const each of held) if (each.fault.untilUs !== null && each.fault.untilUs <= nowUs) this.#enqueue(each, 'ttl');
    for (const [holder, withdrawal] of this.#withdrawals) {
      if (!withdrawal.isRunning && withdrawal.nextUs <= nowUs) void this.#try(holder).then(() => this.arm());
    }
    this.arm();
  }

  #held(): Held[] {
    return this.#registry.all().flatMap((listener) => heldBy(listener));
  }

  #disabled(): Held[] {
    const off = this.#registry.all().filter(({ enabled }) => !enabled);
    return off.map((listener) => ({ holder: listener, listener, fault: downOf(listener.name) }));
  }

  #enqueue({ holder, listener, fault }: Held, reason: ExpiryReason): void {
    if (this.#withdrawals.has(holder)) return;
    const isDue = (): boolean => this.#registry.get(listener.name) === listener && (reason !== 'ttl' || isOver(listener, holder));
    const act = (): Promise<boolean> => this.#registry.exclusively(listener.name, () => isDue() && withdraw(listener, holder));
    this.#withdrawals.set(holder, { fault, reason, act, tries: 0, isRunning: false, nextUs: 0 });
  }

  /** Whether this try has taken it out of force. */
  async #try(holder: Holder): Promise<boolean> {
    const withdrawal = this.#withdrawals.get(holder);
    if (withdrawal === undefined || withdrawal.isRunning) return false;
    withdrawal.isRunning = true;
    withdrawal.tries++;
    try {
      const isWithdrawn = await withdrawal.act();
      this.#withdrawals.delete(holder);
      if (isWithdrawn) this.#tell(withdrawal);
      return isWithdrawn;
    } catch {
      // Whatever it was: the proxy lives on, the count tells, and the next try may do.
      this.#failures++;
      withdrawal.isRunning = false;
      withdrawal.nextUs = monotonicUs() + Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (withdrawal.tries - 1)) * 1000;
      if (withdrawal.tries >= MOST_TRIES) this.#withdrawals.delete(holder);
      return false;
    }
  }

  #tell({ fault, reason }: Withdrawal): void {
    const { proxy, name, form, kind, owner } = fault;
    const expiry: Expiry = { proxy, fault: name, form, kind, owner, reason, atUs: monotonicUs() };
    this.#expired[reason]++;
    this.#expiries.push(expiry);
    if (this.#expiries.length > KEPT_EXPIRIES) this.#expiries.shift();
    this.#registry.log.event(JSON.stringify({ expired: expiry }));
  }
}

/** Toxics, then rules, each in the order in which they act. */
export function faultsOf(listener: Listener): Fault[] {
  return heldBy(listener).map(({ fault }) => fault);
}

/** How long it still lasts, in milliseconds. */
export function leftMs({ untilUs }: { readonly untilUs: number }, nowUs: number): number {
  return Math.max(0, (untilUs - nowUs) / 1000);
}

export function endUs({ renewedUs, ttlMs }: Pick<Lease, 'renewedUs' | 'ttlMs'>): number {
  return renewedUs + ttlMs * 1000;
}

function heldBy(listener: Listener): Held[] {
  const proxy = listener.name;
  const toxics = listener.toxics.map((toxic): Held => {
    const { name, type: kind, owner, sinceUs, ttlMs, renewedUs } = toxic;
    const untilUs = ttlMs === null ? null : endUs({ renewedUs, ttlMs });
    return { holder: toxic, listener, fault: { proxy, name, form: 'toxic', kind, owner, sinceUs, ttlMs, untilUs } };
  });
  const rules = listener.rules.list().map((rule): Held => {
    const { spec, sinceUs } = rule;
    const { name, owner = null, ttlMs = null } = spec;
    const untilUs = ttlMs === null ? null : endUs({ renewedUs: sinceUs, ttlMs });
    return { holder: rule, listener, fault: { proxy, name, form: 'rule', kind: spec.action.kind, owner, sinceUs, ttlMs, untilUs } };
  });
  return [...toxics, ...rules];
}

function downOf(proxy: string): Fault {
  return { proxy, name: 'down', form: 'proxy', kind: 'down', owner: null, sinceUs: 0, ttlMs: null, untilUs: null };
}

function renewed(lease: Lease | null, ttlMs: number): Lease {
  const nowUs = monotonicUs();
  return { ttlMs, sinceUs: lease?.sinceUs ?? nowUs, renewedUs: nowUs, renewals: lease === null ? 0 : lease.renewals + 1 };
}

/** Whether its own time is over, which may have been renewed since. */
function isOver(listener: Listener, holder: Holder): boolean {
  const untilUs = heldBy(listener).find((each) => each.holder === holder)?.fault.untilUs;
  return untilUs !== undefined && untilUs !== null && untilUs <= monotonicUs();
}

async function withdraw(listener: Listener, holder: Holder): Promise<boolean> {
  if (holder === listener) {
    if (listener.enabled) return false;
    await listener.start();
    return true;
  }
  const toxic = listener.toxics.find((each) => each === holder);
  if (toxic !== undefined) {
    await listener.removeToxic(toxic);
    return true;
  }
  const rule = listener.rules.list().find((each) => each === holder);
  return rule !== undefined && listener.removeRule(rule.spec.name);
}
