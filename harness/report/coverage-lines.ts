import type { Coverage, CoverageCell, CoverageState, SystemCoverage } from '../model/coverage.ts';
import type { Line, Style } from './terminal-contract.ts';

/** A sign for each state, so that none is told by its colour alone. */
const STATES: Readonly<Record<CoverageState, { readonly sign: string; readonly style: Style; readonly words: string }>> = {
  asserted: { sign: '✓', style: 'pass', words: 'felt, and an expectation about it was decided' },
  exercised: { sign: '◐', style: 'inconclusive', words: 'felt, and nothing was expected of it' },
  untested: { sign: '·', style: 'faint', words: 'not tested' },
};

/** The matrix of each system for people: a row for each edge, a column for each kind of fault, and what the signs mean. */
export function coverageLines({ systems, scenarios }: Coverage): readonly Line[] {
  const silent = scenarios
    .filter(({ validRuns }) => validRuns === 0)
    .map(({ name, runs }) => (runs === 0 ? name : `${name} (${runs} invalid)`));
  return [
    ...systems.flatMap(systemLines),
    ...(Object.keys(STATES) as CoverageState[]).map((state): Line => [
      { text: `${STATES[state].sign} `, style: STATES[state].style },
      { text: STATES[state].words, style: 'faint' },
    ]),
    ...(silent.length === 0 ? [] : [[{ text: `Without a valid run: ${silent.join(', ')}`, style: 'plain' }] satisfies Line]),
  ];
}

function systemLines({ system, edges, kinds, cells }: SystemCoverage): readonly Line[] {
  const width = Math.max(system.length, ...edges.map((edge) => edge.length));
  const count = (state: CoverageState): number => cells.filter((cell) => cell.state === state).length;
  const row = (edge: string): Line => [
    { text: `${edge.padEnd(width)}  `, style: 'plain' },
    ...kinds.map((kind): Line[number] =>
      piece(
        cells.find((cell) => cell.edge === edge && cell.kind === kind),
        kind.length,
      ),
    ),
  ];
  const head: Line = [{ text: `${system.padEnd(width)}  ${kinds.map((kind) => `${kind}  `).join('')}`.trimEnd(), style: 'strong' }];
  const sum = `${count('asserted')} of ${cells.length} asserted, ${count('exercised')} exercised, ${count('untested')} untested`;
  return [head, ...edges.map(row), [{ text: sum, style: 'plain' }], []];
}

function piece(cell: CoverageCell | undefined, width: number): Line[number] {
  const { sign, style } = STATES[cell?.state ?? 'untested'];
  return { text: `${sign.padEnd(width)}  `, style };
}
