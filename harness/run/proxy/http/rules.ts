import { monotonicUs } from '../../clock.ts';
import type { HeldCall, HeldOutcome, ReleaseRequest, RuleSpec, WantedRule } from '../contract.ts';
import { Quota } from './quota.ts';
import { createChooser, createMatcher, lazyFields, type HeaderFields, type TargetHead } from './target.ts';

const PASS: HeldOutcome = { kind: 'pass' };

/** A rule that acts on a request. */
export interface ActingRule {
  readonly spec: RuleSpec;
  /** Which of the rule's hits this is, from 1. */
  readonly hit: number;
  readonly rule: Rule;
  /** Seconds until a quota's next window, for Retry-After; 0 for other rules. */
  readonly retryAfterS: number;
}

/** A call that waits to be released, as its connection knows it. */
export interface Held {
  facts(): HeldCall;
  /** The rule has let go of it before. */
  release(outcome: HeldOutcome): void;
}

/** An HTTP fault in force on one edge. Its numbers count from when it was put in force. */
export class Rule {
  readonly spec: RuleSpec;
  readonly sinceUs = monotonicUs();
  /** Exchanges that its target describes. */
  matched = 0;
  /** Those that it chose to act on, whether or not a rule before it acted in its place. */
  hit = 0;
  readonly #matches: (head: TargetHead, fields: HeaderFields) => boolean;
  readonly #isChosen: () => boolean;
  readonly #quota: Quota | null;
  /** Oldest first. */
  readonly #held = new Set<Held>();

  constructor(spec: RuleSpec) {
    this.spec = spec;
    this.#matches = createMatcher(spec.target);
    this.#isChosen = createChooser(spec.target, spec.name, spec.seed);
    this.#quota = spec.action.kind === 'quota' ? new Quota(spec.action) : null;
  }

  get held(): number {
    return this.#held.size;
  }

  /** Counts this request; answers how the rule acts on it, or null where it spares it. */
  decide(head: TargetHead, fields: HeaderFields): ActingRule | null {
    if (!this.#matches(head, fields)) return null;
    this.matched++;
    if (!this.#isChosen()) return null;
    const waitUs = this.#quota?.take(monotonicUs()) ?? 0;
    if (this.#quota !== null && waitUs === 0) return null;
    return { spec: this.spec, hit: ++this.hit, rule: this, retryAfterS: Math.ceil(waitUs / 1_000_000) };
  }

  /** Takes a call that waits; disposing the answer takes it out again, when it no longer waits (its caller left, or it waited long enough). */
  hold(held: Held): Disposable {
    this.#held.add(held);
    return { [Symbol.dispose]: () => void this.#held.delete(held) };
  }

  heldCalls(): HeldCall[] {
    return [...this.#held].map((held) => held.facts());
  }

  /** Releases the oldest held calls that the request asks for; answers how many. */
  release({ count = Infinity, ordinals, outcome = PASS }: ReleaseRequest): number {
    const wanted = ordinals === undefined ? null : new Set(ordinals);
    const all = [...this.#held].filter((held) => wanted === null || wanted.has(held.facts().ordinal));
    const chosen = all.slice(0, count);
    for (const held of chosen) this.#held.delete(held);
    for (const held of chosen) held.release(outcome);
    return chosen.length;
  }
}

/** The HTTP faults in force on one edge, in the order in which they were added. */
export class RuleSet {
  readonly #rules = new Map<string, Rule>();
  readonly #seed: number;

  /** `seed` is that of rules which have none of their own. */
  constructor(seed = 0) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#rules.size;
  }

  get(name: string): Rule | undefined {
    return this.#rules.get(name);
  }

  /** Puts a rule in force; one of the same name is removed before, so that it counts anew. */
  add(wanted: WantedRule): Rule {
    const spec: RuleSpec = { ...wanted, seed: wanted.seed ?? this.#seed };
    this.remove(spec.name);
    const rule = new Rule(spec);
    this.#rules.set(spec.name, rule);
    return rule;
  }

  /** Calls that it holds are passed on. */
  remove(name: string): boolean {
    const rule = this.#rules.get(name);
    this.#rules.delete(name);
    rule?.release({});
    return rule !== undefined;
  }

  clear(): string[] {
    const names = [...this.#rules.keys()];
    for (const name of names) this.remove(name);
    return names;
  }

  list(): Rule[] {
    return [...this.#rules.values()];
  }

  /** The rule that acts on this request. Every rule that matches counts it, the first that hits acts. */
  decide(head: TargetHead): ActingRule | null {
    if (this.#rules.size === 0) return null;
    const fields = lazyFields(head);
    let acting: ActingRule | null = null;
    for (const rule of this.#rules.values()) {
      const decided = rule.decide(head, fields);
      acting ??= decided;
    }
    return acting;
  }
}
