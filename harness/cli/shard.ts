import type { Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';

/** One part of a suite that several machines run: `2/3` is the second of three. */
export interface Shard {
  readonly place: number;
  readonly count: number;
}

const SHARDS_MAX = 1000;

export function readShard(text: string | undefined, problems: Problem[]): Shard | null {
  if (text === undefined) return null;
  const [, place, count] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const shard = { place: Number(place), count: Number(count) };
  if (shard.place >= 1 && shard.place <= shard.count && shard.count <= SHARDS_MAX) return shard;
  problems.push({ path: '--shard', expected: `a part of all, from 1/1 to ${SHARDS_MAX}/${SHARDS_MAX}, such as 1/3`, found: show(text) });
  return null;
}

/**
 * A shard's part of what is to be run, in the order in which it came. Parts take about the same time, do not overlap, and are together
 * everything; which is whose follows from the list alone, so that machines need not talk.
 */
export function partOf<T>(items: readonly T[], lengthOf: (item: T) => number, { place, count }: Shard): readonly T[] {
  const lengths = items.map(lengthOf);
  const order = items.map((_, index) => index).sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0) || a - b);
  const loads = new Float64Array(count);
  const owners = new Int32Array(items.length);
  for (const index of order) {
    const least = loads.indexOf(Math.min(...loads));
    owners[index] = least;
    loads[least] = (loads[least] ?? 0) + (lengths[index] ?? 0);
  }
  return items.filter((_, index) => owners[index] === place - 1);
}
