import { describeEntry, type Leftovers, type RunLeftovers, type Undone } from '../../pipeline.ts';
import type { Line, Style } from '../../report/terminal-contract.ts';

const SIGNS: Readonly<Record<Undone['outcome'], readonly [sign: string, style: Style]>> = {
  undone: ['✓', 'ok'],
  absent: ['·', 'faint'],
  left: ['✗', 'bad'],
};

/** What became of each thing of one run. */
export function undoneLines(run: RunLeftovers, undone: readonly Undone[]): readonly Line[] {
  const things = undone.flatMap(({ what, outcome, reason, byHand }): readonly Line[] => {
    const [sign, style] = SIGNS[outcome];
    const tail = outcome === 'absent' ? ' was gone already' : reason === '' ? '' : `: ${reason}`;
    const line: Line = [{ text: `  ${sign} `, style }, plain(`${what}${tail}`)];
    return outcome === 'left' ? [line, [plain(`      → ${byHand}`)]] : [line];
  });
  return [headOf(run), ...things, ...unreadLines(run)];
}

/** What would be done about one run. */
export function plannedLines(run: RunLeftovers): readonly Line[] {
  return [headOf(run), ...run.entries.map((entry) => [plain(`    ${describeEntry(entry)}`)]), ...unreadLines(run)];
}

/** Runs whose things stay, and why. */
export function leftAloneLines(runs: readonly RunLeftovers[]): readonly Line[] {
  return runs.flatMap(({ runId, life, entries, ledger }) => [
    ...(entries.length === 0 ? [] : [aloneLine(`run ${runId} (${life.because}): ${things(entries.length)} left alone`, life)]),
    ...problemsOf({ ledger }).map((problem) => aloneLine(`${ledger?.path ?? ''} cannot be read, and is left alone: ${problem}`, life)),
  ]);
}

function aloneLine(text: string, { is }: RunLeftovers['life']): Line {
  return [plain(`${text}${is === 'alive' ? '' : ' (way out: halfopen clean --all)'}`)];
}

export interface Account {
  readonly found: Leftovers;
  readonly folder: string;
  readonly chosen: readonly RunLeftovers[];
  readonly undone: readonly Undone[];
}

/** The last line: how it stands now. */
export function accountLine({ found, folder, chosen, undone }: Account): Line {
  const count = (outcome: Undone['outcome']): number => undone.filter((each) => each.outcome === outcome).length;
  const unread = chosen.flatMap(problemsOf).length;
  const left = count('left') + unread;
  const strong = (text: string): Line => [{ text, style: left > 0 ? 'bad' : 'strong' }, plain(whereLooked(found, folder))];
  if (left > 0) return strong(`${things(count('undone'))} undone, ${left} left.`);
  if (count('undone') > 0) return strong(`${things(count('undone'))} undone, nothing is left.`);
  return strong(undone.length > 0 ? 'Nothing was there any more.' : 'Nothing is left behind.');
}

export function plannedLine({ found, folder, chosen }: Omit<Account, 'undone'>): Line {
  const count = chosen.reduce((sum, { entries }) => sum + entries.length, 0);
  const text = count === 0 ? 'Nothing is left behind.' : `${things(count)} would be undone.`;
  return [{ text, style: 'strong' }, plain(whereLooked(found, folder))];
}

function whereLooked({ engine, engineTrouble }: Leftovers, folder: string): string {
  const where = ` Looked into ${folder}`;
  return engine === null
    ? `${where}; no container engine was asked: ${engineTrouble}`
    : `${where} and at the engine ${engine.version} at ${engine.address}`;
}

function headOf({ runId, life }: RunLeftovers): Line {
  return [{ text: `run ${runId}`, style: 'strong' }, plain(` (${life.because})`)];
}

function unreadLines({ ledger, runId }: RunLeftovers): readonly Line[] {
  return problemsOf({ ledger }).flatMap((problem): readonly Line[] => [
    [{ text: '  ✗ ', style: 'bad' }, plain(`${ledger?.path ?? ''}: ${problem}`)],
    [plain(`      → look into it; \`halfopen clean --forget ${runId}\` gives it up`)],
  ]);
}

/** What of a run's ledger cannot be read. */
export function problemsOf({ ledger }: Pick<RunLeftovers, 'ledger'>): readonly string[] {
  return ledger?.problems ?? [];
}

export function things(count: number): string {
  return count === 1 ? 'one thing' : `${count} things`;
}

function plain(text: string): Line[number] {
  return { text, style: 'plain' };
}
