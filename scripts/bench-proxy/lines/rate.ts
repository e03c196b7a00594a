/** How a line prints that is a rate or a time with CPU behind it: one table, and its goals. */
import { ratio, table } from '../../bench/markdown.ts';
import { summarised } from '../../bench/measure.ts';
import { goalRow, medianOf, type GoalRow, type Values } from '../goal.ts';
import type { Costed, Work } from '../rounds.ts';
import type { Missing, Subject } from '../subjects.ts';

export type Taken<W> = ReadonlyMap<Subject, readonly W[]>;

/** One number of each round for the subject of that role, or nothing where it is not measured. */
export function valuesOf<W>(taken: Taken<W>, role: Subject['role'], pick: (value: W) => number): Values | undefined {
  for (const [subject, values] of taken) if (subject.role === role) return values.map(pick);
  return undefined;
}

/** What of a round's work is compared, and how. */
export interface Aspect<W> {
  readonly line: string;
  readonly better: 'more' | 'less';
  readonly limit: number;
  pick(value: W): number;
}

export function goalsOf<W>(taken: Taken<W>, aspects: readonly Aspect<W>[]): GoalRow[] {
  return aspects.map(({ line, better, limit, pick }) => {
    const [real, off, on] = (['real', 'off', 'on'] as const).map((role) => valuesOf(taken, role, pick));
    if (real === undefined) throw new Error(`Cannot compare '${line}' as the real Toxiproxy must be measured too`);
    return goalRow({ line, better, limit }, { real, ...(off === undefined ? {} : { off }), ...(on === undefined ? {} : { on }) });
  });
}

/** A column of a line's table. */
export interface Column<W> {
  readonly title: string;
  readonly digits: number;
  /** Prints the spread beside it and its quotients to the real one and to the direct way. */
  readonly isMain?: boolean;
  /** Prints its quotient to the real one. */
  readonly isCompared?: boolean;
  pick(value: W): number;
}

export function rateTable<W extends Work>(
  taken: Taken<Costed<W>>,
  columns: readonly Column<Costed<W>>[],
  missing: readonly Missing[] = [],
): string {
  const hasDirect = [...taken.keys()].some(({ role }) => role === 'direct');
  const head = columns.flatMap(({ title, isMain, isCompared }) => [
    title,
    ...(isMain === true ? ['spread', ...(hasDirect ? ['÷ direct'] : [])] : []),
    ...(isMain === true || isCompared === true ? ['÷ real'] : []),
  ]);
  const rows = [...taken].map(([subject, values]) => [
    subject.name,
    ...columns.flatMap((column) => cellsOf(column, { subject, values, taken, hasDirect })),
  ]);
  const absent = missing.map(({ name }) => [name, 'not measured', ...head.slice(1).map(() => '')]);
  const why = missing.map(({ name, reason }) => `${name} was not measured: ${reason}.`);
  return [table(['route', ...head], [...rows, ...absent]), ...why].join('\n\n');
}

interface Row<W> {
  readonly subject: Subject;
  readonly values: readonly W[];
  readonly taken: Taken<W>;
  readonly hasDirect: boolean;
}

function cellsOf<W>({ pick, digits, isMain, isCompared }: Column<W>, { subject, values, taken, hasDirect }: Row<W>): string[] {
  const { median, least, most } = summarised(subject.name, values.map(pick));
  const besides = (role: Subject['role']): string => {
    const others = valuesOf(taken, role, pick);
    return others === undefined ? '–' : ratio(median, medianOf(others));
  };
  const besideReal = subject.role === 'direct' && isMain !== true ? '–' : besides('real');
  return [
    number(median, digits),
    ...(isMain === true ? [`${number(least, digits)}–${number(most, digits)}`, ...(hasDirect ? [besides('direct')] : [])] : []),
    ...(isMain === true || isCompared === true ? [besideReal] : []),
  ];
}

function number(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}
