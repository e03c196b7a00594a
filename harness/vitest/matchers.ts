import { expect } from 'vitest';
import type { Verdict } from '../index.ts';
import { firstLines } from './first-lines.ts';
import type { ChaosRun } from './run-chaos.ts';

/** Which finding is looked for; what is left out may be anything. */
export interface FindingPattern {
  /** The check's name: `opens`, `recovery`, or a guard's: `fault-was-felt`. */
  readonly check: string;
  readonly verdict: Verdict;
  /** What it is about: a breaker, an edge, a request, a fault. */
  readonly subject?: string;
}

interface ChaosMatchers<R> {
  /** The run's verdict is `pass`. */
  toHavePassed(): R;
  /** Some finding of the run has this check and this verdict. */
  toHaveFound(pattern: FindingPattern): R;
}

declare module 'vitest' {
  // Its type parameters must be those of vitest's own declaration.
  // oxlint-disable-next-line no-unused-vars, no-empty-object-type -- merged into vitest's interface
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends ChaosMatchers<R> {}
}

interface Matched {
  readonly pass: boolean;
  readonly message: () => string;
}

/** What importing `halfopen/vitest` adds to `expect`; for an `expect` of one's own. */
export const chaosMatchers = {
  toHavePassed(received: unknown): Matched {
    const { outcome, report } = runOf(received, 'toHavePassed');
    const pass = outcome.verdict === 'pass';
    return { pass, message: () => (pass ? `${outcome.name} passed, and should not have` : firstLines(outcome, report)) };
  },
  toHaveFound(received: unknown, { check, verdict, subject }: FindingPattern): Matched {
    const { outcome, report } = runOf(received, 'toHaveFound');
    const alike = outcome.findings.filter((finding) => finding.check === check && (subject === undefined || finding.subject === subject));
    const pass = alike.some((finding) => finding.verdict === verdict);
    const wanted = `${check}${subject === undefined ? '' : ` ${subject}`} as ${verdict}`;
    const found =
      alike.length === 0
        ? `it was not looked at; the checks were ${[...new Set(outcome.findings.map((finding) => finding.check))].join(', ')}`
        : alike.map((finding) => `${finding.verdict}: ${finding.sentence}`).join('\n  ');
    return {
      pass,
      message: () => `expected ${outcome.name} ${pass ? 'not ' : ''}to have found ${wanted}\n  ${found}\n  report: ${report}`,
    };
  },
} as const;

function runOf(received: unknown, matcher: string): ChaosRun {
  if (typeof received === 'object' && received !== null && 'outcome' in received && 'report' in received) return received as ChaosRun;
  throw new TypeError(
    `Cannot use ${matcher} as the value must be what runChaos answered (was it awaited?): current value is ${String(received)}`,
  );
}

expect.extend(chaosMatchers);
