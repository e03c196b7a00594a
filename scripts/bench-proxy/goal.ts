import { ratio } from '../bench/markdown.ts';
import { summarised } from '../bench/measure.ts';

/** What one of our two ways of running it reached. */
export interface Reached {
  readonly text: string;
  readonly isMet: boolean;
}

/** One row of the summary: tap off and tap on against one goal; null where the line has no such case. */
export interface GoalRow {
  readonly line: string;
  readonly goal: string;
  readonly off: Reached | null;
  readonly on: Reached | null;
}

/** A goal relative to the real Toxiproxy. */
export interface Against {
  readonly line: string;
  /** `more` is better with rates, `less` with times, bytes and CPU. */
  readonly better: 'more' | 'less';
  readonly limit: number;
}

/** One number of each round, in the order of the rounds. */
export type Values = readonly number[];

/** Holds ours against the real one's: the quotient of the medians decides, the quotients of the rounds show how sure it is. */
export function goalRow(
  { line, better, limit }: Against,
  values: { readonly real: Values; readonly off?: Values; readonly on?: Values },
): GoalRow {
  const reach = (ours: Values | undefined): Reached | null => {
    if (ours === undefined) return null;
    const real = medianOf(values.real);
    const quotient = medianOf(ours) / real;
    // Where the real one adds nothing that can be measured, no quotient of it means anything.
    if (!(real > 0)) return { text: '– (the real one adds nothing measurable)', isMet: false };
    return {
      text: `${ratio(medianOf(ours), real)} ${spreadOfPairs(ours, values.real)}`,
      isMet: better === 'more' ? quotient >= limit : quotient <= limit,
    };
  };
  return { line, goal: `${better === 'more' ? '≥' : '≤'} ${limit}×`, off: reach(values.off), on: reach(values.on) };
}

export function medianOf(values: Values): number {
  return summarised('a line', values).median;
}

/** `(0.91–1.07)`: the least and the most of the rounds' own quotients. */
function spreadOfPairs(ours: Values, real: Values): string {
  const quotients = ours.map((value, round) => value / (real[round] ?? Number.NaN)).filter(Number.isFinite);
  if (quotients.length === 0) return '';
  return `(${Math.min(...quotients).toFixed(2)}–${Math.max(...quotients).toFixed(2)})`;
}
