import type { RuleSpec } from '../contract.ts';
import type { RequestHead } from './head.ts';
import { createChooser, type Chooser } from './target.ts';

export interface Rule {
  readonly spec: RuleSpec;
  readonly chooser: Chooser;
}

/** The HTTP faults in force on one edge, in the order in which they were added. */
export class RuleSet {
  readonly #rules = new Map<string, Rule>();

  /** Puts a rule in force; one of the same name is replaced and counts anew. */
  add(spec: RuleSpec): void {
    this.#rules.set(spec.name, { spec, chooser: createChooser(spec.target, spec.name, spec.seed) });
  }

  remove(name: string): boolean {
    return this.#rules.delete(name);
  }

  clear(): string[] {
    const names = [...this.#rules.keys()];
    this.#rules.clear();
    return names;
  }

  list(): RuleSpec[] {
    return [...this.#rules.values()].map(({ spec }) => spec);
  }

  /** The rule that acts on this request. Every rule that matches counts it, the first that hits acts. */
  decide(head: RequestHead): RuleSpec | null {
    if (this.#rules.size === 0) return null;
    let acting: RuleSpec | null = null;
    for (const { spec, chooser } of this.#rules.values()) {
      if (!chooser.matches(head)) continue;
      const isHit = chooser.choose();
      if (isHit) acting ??= spec;
    }
    return acting;
  }
}
