import { HarnessError, UsageError } from '../../../model/problem.ts';

/** How a k6 process ended; code and signal are both null where nobody saw it. */
export interface K6Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The harness had asked it to end. */
  readonly isStopped: boolean;
  readonly lastLines: string;
}

interface Meaning {
  readonly words: string;
  /** Whose fault it is, if anybody's. */
  readonly blames: 'nobody' | 'script' | 'harness';
}

const MEANINGS: Readonly<Record<number, Meaning>> = {
  0: { words: 'ended by itself', blames: 'nobody' },
  99: { words: 'a threshold was crossed', blames: 'nobody' },
  100: { words: 'the setup function took too long', blames: 'script' },
  101: { words: 'the teardown function took too long', blames: 'script' },
  102: { words: 'something took too long', blames: 'harness' },
  103: { words: 'was stopped over its REST API', blames: 'harness' },
  104: { words: "the script's options are not valid", blames: 'script' },
  105: { words: 'was ended from outside', blames: 'harness' },
  106: { words: 'its REST API could not start', blames: 'harness' },
  107: { words: 'the script threw while it was loaded or set up', blames: 'script' },
  108: { words: 'the script aborted the test', blames: 'script' },
  109: { words: 'k6 itself crashed', blames: 'harness' },
  110: { words: 'the script declared the test failed', blames: 'nobody' },
  // Our extension's own code.
  120: { words: 'it lost the harness', blames: 'harness' },
};

/** Says what k6's exit means. */
export function describeExit({ code, signal, isStopped }: K6Exit): string {
  if (signal !== null) return `ended by ${signal}${isStopped ? ', as the harness stopped it' : ''}`;
  if (code === null) return 'nobody saw how';
  const words = isStopped ? 'stopped by the harness' : (meaningOf(code)?.words ?? 'for a reason that k6 does not name');
  return `exit code ${code}: ${words}`;
}

/**
 * What a k6 that ended so makes of the run; null where nothing is wrong. After the harness stopped it any end is fine.
 * `ownsScript` is who wrote the script: k6's complaints about ours are no fault of the user.
 */
export function exitProblem(exit: K6Exit, instance: string, ownsScript: 'user' | 'harness'): Error | null {
  const meaning = exit.signal === null ? meaningOf(exit.code) : undefined;
  if (exit.isStopped || meaning?.blames === 'nobody') return null;
  const message = withLines(`The k6 process ${instance} ended before its load did: ${describeExit(exit)}`, exit.lastLines);
  return meaning?.blames === 'script' && ownsScript === 'user' ? new UsageError(message) : new HarnessError(message);
}

/** A message with what k6 said last. */
export function withLines(message: string, lastLines: string): string {
  return lastLines === '' ? `${message}; it said nothing` : `${message}; its last lines:\n${lastLines}`;
}

function meaningOf(code: number | null): Meaning | undefined {
  return code === null ? undefined : MEANINGS[code];
}
