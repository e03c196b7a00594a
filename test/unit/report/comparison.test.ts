// Goal: two suites beside each other show what differs by more than it could be measured, and nothing else as a difference.
import { describe, expect, test } from 'vitest';
import type { Outcome, ScenarioOutcome } from '../../../harness/model/outcome.ts';
import type { Verdict } from '../../../harness/model/verdict.ts';
import { compareOutcomes, comparisonLines, hasOtherVerdicts } from '../../../harness/report/comparison.ts';
import { lineText } from '../../../harness/report/terminal-contract.ts';

type FindingOutcome = ScenarioOutcome['findings'][number];

function finding(check: string, valueMs: number | null, more: Partial<FindingOutcome> = {}): FindingOutcome {
  return {
    check,
    subject: 'storm',
    guard: false,
    verdict: 'pass',
    expected: 'soon',
    measured: valueMs === null ? 'never' : `${valueMs} ms`,
    ...(valueMs === null ? {} : { quantity: { value: valueMs, unit: 'ms' } }),
    sentence: 'It was so.',
    evidence: [],
    ...more,
  };
}

function scenario(name: string, verdict: Verdict, findings: readonly FindingOutcome[]): ScenarioOutcome {
  return { name, title: name, verdict, sentence: '', seed: 1, runId: 'a', folder: '', durationMs: 1, replay: 'again', findings };
}

const side = (label: string, ...scenarios: readonly ScenarioOutcome[]) => ({
  label,
  outcome: { schemaVersion: 1, verdict: 'pass', scenarios } satisfies Outcome,
});

const rowsOf = (left: readonly FindingOutcome[], right: readonly FindingOutcome[]) =>
  compareOutcomes([side('embedded', scenario('outage', 'pass', left)), side('docker', scenario('outage', 'pass', right))]).scenarios[0]
    ?.rows;

describe('a time', () => {
  const resolutionMs = 250;
  test.each([
    [500, 750, 'within', '+250 ms'],
    [500, 751, 'beyond', '+251 ms'],
    [750, 400, 'beyond', '-350 ms'],
  ] as const)('of %d ms against %d ms is %s the resolution of 250 ms', (before, after, difference, change) => {
    const [row] = rowsOf([finding('recovery', before, { resolutionMs })], [finding('recovery', after, { resolutionMs })]) ?? [];
    expect(row?.what).toBe('recovery storm');
    expect(row?.cells[0]?.difference).toBe('same');
    expect(row?.cells[1]?.difference).toBe(difference);
    expect(row?.cells[1]?.text).toContain(change);
    expect(row?.cells[1]?.text).toContain('± 250 ms');
  });

  test('that was not reached on one side differs, on both it does not', () => {
    expect(rowsOf([finding('opens', 900)], [finding('opens', null)])?.[0]?.cells[1]).toEqual({ text: 'never', difference: 'beyond' });
    expect(rowsOf([finding('opens', null)], [finding('opens', null)])).toEqual([]);
  });

  test('of several runs stands as median and range, and differs where the ranges are apart', () => {
    const runs = (...timesMs: readonly number[]) => timesMs.map((timeMs) => scenario('outage', 'pass', [finding('opens', timeMs)]));
    const meet = compareOutcomes([side('a', ...runs(100, 200, 600)), side('b', ...runs(550, 700))]);
    expect(meet.scenarios[0]?.rows[0]?.cells).toEqual([
      { text: '200 ms [100 ms–600 ms, n = 3]', difference: 'same' },
      { text: '625 ms [550 ms–700 ms, n = 2] (+425 ms)', difference: 'within' },
    ]);
    const apart = compareOutcomes([side('a', ...runs(100, 200)), side('b', ...runs(201, 300))]);
    expect(apart.scenarios[0]?.rows[0]?.cells[1]?.difference).toBe('beyond');
  });
});

describe('a verdict', () => {
  test('that differs is told, with the finding that made it', () => {
    const comparison = compareOutcomes([
      side('embedded', scenario('outage', 'pass', [finding('visits', null, { measured: 'closed → open' })])),
      side('docker', scenario('outage', 'fail', [finding('visits', null, { measured: 'closed', verdict: 'fail' })])),
    ]);
    expect(hasOtherVerdicts(comparison)).toBe(true);
    expect(comparison.scenarios[0]?.verdict.cells.map(({ text }) => text)).toEqual(['pass', 'fail']);
    expect(comparison.scenarios[0]?.rows[0]?.cells.map(({ text }) => text)).toEqual(['pass: closed → open', 'fail: closed']);
  });

  test('that is the same makes no row, and a scenario of one side only is named', () => {
    const comparison = compareOutcomes([
      side('embedded', scenario('outage', 'pass', [finding('visits', null)]), scenario('slow', 'pass', [])),
      side('docker', scenario('outage', 'pass', [finding('visits', null)])),
    ]);
    expect(hasOtherVerdicts(comparison)).toBe(false);
    expect(comparison.scenarios.map(({ rows }) => rows)).toEqual([[]]);
    expect(comparison.missing).toEqual([{ name: 'slow', from: ['docker'] }]);
  });
});

test('the lines line up, mark what differs, and name an expectation that is declared twice', () => {
  const left = scenario('outage', 'pass', [finding('opens', 900), finding('opens', 20), finding('recovery', 500, { resolutionMs: 250 })]);
  const right = scenario('outage', 'fail', [finding('opens', 940), finding('opens', 20), finding('recovery', 500, { resolutionMs: 250 })]);
  const lines = comparisonLines(compareOutcomes([side('embedded', left), side('docker', right)])).map((line) => lineText(line));
  expect(lines.slice(0, -1)).toEqual([
    '                   embedded         docker',
    'outage             pass             ≠ fail',
    '  opens storm      900 ms           ≠ 940 ms (+40 ms)',
    '  opens storm (2)  20 ms            20 ms (+0 ms)',
    '  recovery storm   500 ms ± 250 ms  500 ms ± 250 ms (+0 ms)',
  ]);
});
