import type { CheckKind } from '../../model/catalogue.ts';
import type { Finding } from '../../model/finding.ts';
import type { Expectation } from '../../model/scenario.ts';
import type { Evidence } from '../evidence.ts';

/** One kind of expectation: what it needs, how it reads, when a plan cannot hold it, and what a recording says of it. Pure. */
export interface Check<X extends Expectation = Expectation> extends CheckKind {
  describe(expectation: X): string;
  evaluate(expectation: X, evidence: Evidence): Finding;
}

/** A guard judges whether a run can be judged; every guard looks at every run. */
export interface Guard {
  readonly check: string;
  evaluate(evidence: Evidence): readonly Finding[];
}
