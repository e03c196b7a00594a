import type { Twin } from '../../test/corpus/twins.ts';
import { formatMs } from '../../harness/model/time.ts';
import { table } from '../bench/markdown.ts';
import { runMatrixCase, type CaseFacts, type MatrixCase } from './matrix-case.ts';
import { differencesOf } from './matrix-differences.ts';
import { claim, type ProofOptions, type Proven } from './proof.ts';

/** What each column answered: left out where the case cannot run there, null where the proof was interrupted before. */
export type Cells<C extends string> = Readonly<Partial<Record<C, CaseFacts | null>>>;
export interface ScenarioRow<C extends string> {
  readonly name: string;
  readonly cells: Cells<C>;
}
export interface TwinRow<C extends string> {
  readonly twin: Twin;
  readonly cells: Cells<C>;
}

/** The same scenarios and twins in several ways, which are the columns: the first one is what the others are compared with. */
export interface Matrix<C extends string> {
  readonly columns: readonly C[];
  readonly twinColumns: readonly C[];
  readonly scenarios: readonly ScenarioRow<C>[];
  readonly twins: readonly TwinRow<C>[];
  readonly words: MatrixWords;
}

/** How a matrix names what its columns are. */
export interface MatrixWords {
  /** `Docker as without`: ends "the same one in …". */
  readonly sameReason: string;
  /** `environments`. */
  readonly columns: string;
  /** Ends "each wherever it can …". */
  readonly wherever: string;
}

/** Runs one case in each of these columns, or takes what an earlier call has stored. */
export async function cellsOf<C extends string>(
  columns: readonly C[],
  { id, caseIn }: { readonly id: string; readonly caseIn: (column: C) => MatrixCase },
  options: ProofOptions,
): Promise<Cells<C>> {
  const cells: Partial<Record<C, CaseFacts | null>> = {};
  for (const column of columns) {
    const facts = await options.cases
      .once(`${id} ${column}`, () => runMatrixCase(caseIn(column), options))
      .catch((error: unknown) => {
        if (!options.signal.aborted) throw error;
        return null;
      });
    cells[column] = facts;
    if (facts === null) continue;
    options.say(
      `${id} ${column}: ${facts.verdict}${facts.undecided.length === 0 ? '' : ` (after ${facts.undecided.length} undecided)`}. ${facts.sentence}`,
    );
  }
  return cells;
}

/** What the matrix shows: claims on top, both tables, and each difference with what explains it. */
export function reportOf<C extends string>(matrix: Matrix<C>, epilogue: string): Proven {
  const { columns, twinColumns, scenarios, twins, words } = matrix;
  const correct = scenarios.flatMap(({ cells }) => doneIn(cells));
  const pending = [...scenarios, ...twins].flatMap(({ cells }) => valuesOf(cells)).filter((facts) => facts === null).length;
  const passed = correct.filter(({ verdict }) => verdict === 'pass');
  const caught = twins.filter((row) => isCaughtEverywhere(row));
  const differences = scenarios.flatMap((row) => differencesIn(row, columns));
  const unexplained = differences.filter(({ because }) => because === null);
  const isWhole = scenarios.some(({ cells }) => doneIn(cells).length > 1) && twins.length > 0;
  return {
    holds: isWhole && pending === 0 && passed.length === correct.length && caught.length === twins.length && unexplained.length === 0,
    markdown: [
      claim(
        passed.length === correct.length && isWhole,
        `the correct shop passes in ${passed.length} of ${correct.length} runs: ${scenarios.length} scenarios, each ${words.wherever}`,
      ),
      claim(
        caught.length === twins.length && twins.length > 0,
        `${caught.length} of ${twins.length} broken twins fail by the expectation that is to catch them, the same one ${words.sameReason}`,
      ),
      claim(
        unexplained.length === 0,
        `${differences.length} times differ between ${words.columns} by more than the resolution; what was recorded explains ${differences.length - unexplained.length} of them`,
      ),
      ...(pending === 0 ? [] : [claim(false, `all was run: ${pending} runs are left (the next call goes on from here)`)]),
      '',
      '## The correct shop',
      '',
      scenarioTable(scenarios, columns),
      '',
      '≠: differs from the first column by more than the resolution that is printed with it (an event has none).',
      '',
      '## Why they differ',
      '',
      ...(differences.length === 0
        ? ['Nothing differs.']
        : differences.map(
            ({ where, what, changeMs, because }) =>
              `- ${where}, ${what}: ${changeMs === null ? 'in one only' : `${changeMs < 0 ? '' : '+'}${formatMs(changeMs)}`}: ${because ?? '**not explained by what was recorded**'}`,
          )),
      '',
      '## Broken twins',
      '',
      table(
        ['scenario', 'twin', ...twinColumns.map((column) => `${column}: failed by`)],
        twins.map(({ twin, cells }) => [
          twin.scenario,
          `${twin.service} ${twin.defect}`,
          ...twinColumns.map((column) => twinCell(twin, cells[column])),
        ]),
      ),
      '',
      ...undecidedLines(scenarios, twins),
      epilogue,
    ].join('\n'),
  };
}

function differencesIn<C extends string>({ name, cells }: ScenarioRow<C>, columns: readonly C[]) {
  const [first, ...others] = columns.filter((column) => cells[column] != null);
  const base = first === undefined ? undefined : cells[first];
  if (base == null) return [];
  return others.flatMap((column) => {
    const facts = cells[column];
    return facts == null
      ? []
      : differencesOf(base, facts).map((difference) => ({ ...difference, where: `${name}, ${column} against ${first}` }));
  });
}

function scenarioTable<C extends string>(scenarios: readonly ScenarioRow<C>[], columns: readonly C[]): string {
  const rows = scenarios.flatMap(({ name, cells }) => {
    const base = columns.map((column) => cells[column]).find((facts) => facts != null);
    const row = (what: string, cell: (facts: CaseFacts) => string): string[] => [
      what,
      ...columns.map((column) => {
        const facts = cells[column];
        return facts == null ? emptyCell(facts) : cell(facts);
      }),
    ];
    return [
      row(`**${name}**`, ({ verdict }) => verdict),
      ...(base?.times ?? []).map(({ what }) =>
        row(what, (facts) => {
          const isOff = base !== undefined && facts !== base && differencesOf(base, facts).some((difference) => difference.what === what);
          return `${isOff ? '≠ ' : ''}${timeText(facts, what)}`;
        }),
      ),
      row('sentinel p95', ({ sentinelP95Ms }) => formatMs(sentinelP95Ms)),
    ];
  });
  return table(['scenario', ...columns], rows);
}

function timeText({ times }: CaseFacts, what: string): string {
  const time = times.find((each) => each.what === what);
  if (time === undefined) return '–';
  if (time.ms === null) return 'never';
  return `${formatMs(time.ms)}${time.resolutionMs === 0 ? '' : ` ± ${formatMs(time.resolutionMs)}`}`;
}

const mustFailOf = (twin: Twin): readonly string[] => twin.mustFail.map(({ check, subject }) => `${check} ${subject}`);

/** Some expectation that is to catch it fails in every column: the same reason. */
function isCaughtEverywhere<C extends string>({ twin, cells }: TwinRow<C>): boolean {
  const facts = doneIn(cells);
  return (
    facts.length > 0 && mustFailOf(twin).some((name) => facts.every(({ verdict, failed }) => verdict === 'fail' && failed.includes(name)))
  );
}

function emptyCell(facts: null | undefined): string {
  return facts === null ? 'not run yet' : 'cannot run there';
}

function valuesOf<C extends string>(cells: Cells<C>): readonly (CaseFacts | null)[] {
  return Object.values<CaseFacts | null | undefined>(cells).filter((facts) => facts !== undefined);
}

function doneIn<C extends string>(cells: Cells<C>): readonly CaseFacts[] {
  return valuesOf(cells).filter((facts) => facts !== null);
}

function twinCell(twin: Twin, facts: CaseFacts | null | undefined): string {
  if (facts == null) return emptyCell(facts);
  const hits = facts.failed.filter((name) => mustFailOf(twin).includes(name));
  return hits.length > 0 ? hits.join(', ') : `${facts.verdict}: ${facts.sentence}`.replaceAll('|', '\\|');
}

function undecidedLines<C extends string>(scenarios: readonly ScenarioRow<C>[], twins: readonly TwinRow<C>[]): readonly string[] {
  const all = [...scenarios, ...twins].flatMap(({ cells }) => doneIn(cells));
  const count = all.reduce((sum, { undecided }) => sum + undecided.length, 0);
  return count === 0 ? [] : [`${count} runs beside these ${all.length} were undecided, because the machine was too busy.`, ''];
}
