import type { Problem, UsageError } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';

/** What ended a command early: its exit code and what to print. */
export interface Failure {
  readonly code: number;
  readonly text: string;
}

/**
 * Sorts an error into an exit code. Told by name: a scenario may have been loaded with another copy of halfopen, whose
 * classes are not these.
 */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: EXIT_CODES.harness, text: `halfopen failed: ${String(error)}` };
  if (isUsageError(error)) return { code: EXIT_CODES.usage, text: error.message };
  if (error.name === 'HarnessError') return { code: EXIT_CODES.harness, text: error.message };
  // The machine refused: a full disk, too many open files, a missing right.
  if ('syscall' in error) return { code: EXIT_CODES.harness, text: `Cannot go on: ${error.message}` };
  return { code: EXIT_CODES.harness, text: `halfopen failed, and should not have: ${error.stack ?? error.message}` };
}

export function isUsageError(error: unknown): error is UsageError {
  return error instanceof Error && error.name === 'UsageError';
}

/** Problems as they stand in one file: each path starts with the file's name. */
export function problemsIn(file: string, error: UsageError): readonly Problem[] {
  if (!Array.isArray(error.problems) || error.problems.length === 0)
    return [{ path: file, expected: 'what halfopen can read', found: error.message }];
  return error.problems.map((problem) => ({ ...problem, path: `${file} › ${problem.path}` }));
}

/** What a module threw while it was imported: its message, and the first place in the user's own files. */
export function importFailure(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${String(error)}`;
  const place = /\(?((?:file:\/\/)?\/[^\s()]+?\.[cm]?[jt]s(?:on)?:\d+)(?::\d+)?\)?/
    .exec(
      (error.stack ?? '')
        .split('\n')
        .filter((line) => !line.includes('node:') && !line.includes('/node_modules/'))
        .join('\n'),
    )?.[1]
    ?.replace('file://', '');
  const [message = ''] = error.message.split('\n');
  return `it threw ${error.name}: ${message}${place === undefined ? '' : ` (${place})`}`;
}
