/** One thing that is wrong with what a user wrote. */
export interface Problem {
  /** Where, as a path into the input: `faults[0].inject.edge`. */
  readonly path: string;
  readonly expected: string;
  readonly found: string;
  /** The way out, where one is known: `did you mean 'orders->payments'?`. */
  readonly hint?: string;
}

/** One line for one problem. */
export function describeProblem({ path, expected, found, hint }: Problem): string {
  return `${path}: expected ${expected}, found ${found}${hint === undefined ? '' : ` (${hint})`}`;
}

/** Programs that a load may need and that are no part of halfopen. */
const PROGRAMS = ['k6', 'browser'] as const;
export type Program = (typeof PROGRAMS)[number];

/** Whether something that is lacking is a program, and no power of an environment. */
export function isProgram(name: string): name is Program {
  return (PROGRAMS as readonly string[]).includes(name);
}

/** The input is wrong in one or more places; nothing was started. Exit code 2. */
export class UsageError extends Error {
  readonly problems: readonly Problem[];
  /** The input is right, and this program is missing on this machine. */
  readonly missing: Program | null;
  constructor(summary: string, problems: readonly Problem[] = [], missing: Program | null = null) {
    super([summary, ...problems.map((problem) => `  ${describeProblem(problem)}`)].join('\n'));
    this.name = 'UsageError';
    this.problems = problems;
    this.missing = missing;
  }
}

/** The harness or its environment could not do its work; says nothing about the system under test. Exit code 3. */
export class HarnessError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HarnessError';
  }
}

/** The nearest of `names` to a misspelt one, or undefined where none is near. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
