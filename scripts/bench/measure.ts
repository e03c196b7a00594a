import { quantile } from '../../harness/analysis/quantile.ts';

/** One way of doing the thing that is measured. */
export interface Lane {
  readonly name: string;
  measure(): Promise<number>;
}

/** What the rounds of one lane gave. */
export interface Measured {
  readonly name: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Measures lanes in turn, forwards and backwards by rounds (A-B-C, C-B-A, …), so that a machine that slows down or warms up does so for
 * all of them. A first round, which compiles code and opens caches, is thrown away, but where being cold is part of what is measured.
 */
export async function interleaved(lanes: readonly Lane[], rounds: number, { isCold = false } = {}): Promise<readonly Measured[]> {
  const values = new Map<string, number[]>(lanes.map(({ name }) => [name, []]));
  for (let round = isCold ? 1 : 0; round <= rounds; round++) {
    for (const lane of round % 2 === 0 ? lanes : lanes.toReversed()) {
      const value = await lane.measure();
      if (round > 0) values.get(lane.name)?.push(value);
    }
  }
  return lanes.map(({ name }) => summarised(name, values.get(name) ?? []));
}

/** @throws {RangeError} if nothing was measured */
export function summarised(name: string, values: readonly number[]): Measured {
  const median = quantile(values, 0.5);
  if (median === null) throw new RangeError(`Cannot summarise ${name} as 'values' must hold at least one number: current value is []`);
  return { name, median, least: Math.min(...values), most: Math.max(...values) };
}

/** The quantile of a list that is known to hold something. */
export function quantileOf(values: readonly number[], share: number): number {
  return quantile(values, share) ?? Number.NaN;
}
