import { table } from '../bench/markdown.ts';
import { summarised } from '../bench/measure.ts';
import type { Spread, Turn } from './turn.ts';

/** All turns of the drivers at one rate, in the order of the rounds. */
export interface RateTurns {
  readonly ratePerSecond: number;
  readonly turns: readonly { readonly name: string; readonly turns: readonly Turn[] }[];
}

interface Column {
  readonly title: string;
  /** NaN where this driver cannot tell. */
  readonly of: (turn: Turn) => number;
  readonly digits: number;
}

const spread = (what: (turn: Turn) => Spread | null, part: keyof Spread) => (turn: Turn) => (what(turn)?.[part] ?? Number.NaN) / 1000;
const ownLag = ({ ownLag: lag }: Turn): Spread | null => lag;
const seenLag = ({ seenLag: lag }: Turn): Spread | null => lag;
const excess = ({ excess: more }: Turn): Spread | null => more;

const PUNCTUALITY: readonly Column[] = [
  { title: 'offered /s', of: ({ sentPerSecond }) => sentPerSecond, digits: 0 },
  { title: 'ok %', of: ({ okRatio }) => okRatio * 100, digits: 1 },
  { title: 'start lag p50', of: spread(ownLag, 'p50Us'), digits: 2 },
  { title: 'p99', of: spread(ownLag, 'p99Us'), digits: 2 },
  { title: 'max', of: spread(ownLag, 'mostUs'), digits: 1 },
  { title: 'seen by the server p50', of: spread(seenLag, 'p50Us'), digits: 2 },
  { title: 'p99', of: spread(seenLag, 'p99Us'), digits: 2 },
  { title: 'max', of: spread(seenLag, 'mostUs'), digits: 1 },
];
const COST: readonly Column[] = [
  { title: 'response time too long by p50', of: spread(excess, 'p50Us'), digits: 2 },
  { title: 'p99', of: spread(excess, 'p99Us'), digits: 2 },
  { title: 'CPU ms ÷ 1,000 requests', of: ({ cpuMs }) => cpuMs, digits: 0 },
  { title: 'its reader', of: ({ readerCpuMs }) => readerCpuMs, digits: 0 },
  { title: 'memory MiB', of: ({ memoryBytes }) => memoryBytes / 2 ** 20, digits: 0 },
];

/** The Markdown of one rate: how punctual each driver was, how right its times, and what it cost. Medians, in brackets the least and the most. */
export function rateSection({ turns }: RateTurns): string {
  return [PUNCTUALITY, COST]
    .map((columns) =>
      table(
        ['driver', ...columns.map(({ title }) => title)],
        turns.map(({ name, turns: own }) => [name, ...columns.map((column) => cell(column, own))]),
      ),
    )
    .join('\n\n');
}

function cell({ of, digits }: Column, turns: readonly Turn[]): string {
  const values = turns.map(of).filter((value) => !Number.isNaN(value));
  if (values.length === 0) return '–';
  const { median, least, most } = summarised('a column', values);
  const text = (value: number): string => value.toFixed(digits);
  return values.length === 1 ? text(median) : `${text(median)} (${text(least)}–${text(most)})`;
}
