// Goal: the table holds medians with their spread, and a dash where a driver cannot tell.
import { expect, test } from 'vitest';
import { rateSection } from '../../../../scripts/bench-load/report.ts';
import type { Turn } from '../../../../scripts/bench-load/turn.ts';

const turn = (more: Partial<Turn>): Turn => ({
  sentPerSecond: 1000,
  okRatio: 1,
  ownLag: { p50Us: 100, p99Us: 900, mostUs: 2000 },
  seenLag: { p50Us: 300, p99Us: 1500, mostUs: 4000 },
  excess: { p50Us: 400, p99Us: 1200, mostUs: 3000 },
  cpuMs: 90,
  readerCpuMs: 10,
  memoryBytes: 64 * 2 ** 20,
  ...more,
});
const cellsOf = (markdown: string, driver: string): string[][] =>
  markdown
    .split('\n')
    .filter((line) => line.startsWith(`| ${driver}`))
    .map((line) =>
      line
        .split('|')
        .slice(2, -1)
        .map((cell) => cell.trim()),
    );

test('several rounds: the median, and in brackets the least and the most', () => {
  const turns = [80, 100, 90].map((cpuMs) => turn({ cpuMs }));
  const [punctuality, cost] = cellsOf(rateSection({ ratePerSecond: 1000, turns: [{ name: 'builtin', turns }] }), 'builtin');
  expect(cost?.[2]).toBe('90 (80–100)');
  expect(punctuality?.[0]).toBe('1000 (1000–1000)');
});

test('one round: the value alone; what a driver has no record of: a dash', () => {
  const turns = [turn({ ownLag: null, excess: null })];
  const [punctuality, cost] = cellsOf(rateSection({ ratePerSecond: 1000, turns: [{ name: 'autocannon', turns }] }), 'autocannon');
  expect(punctuality).toEqual(['1000', '100.0', '–', '–', '–', '0.30', '1.50', '4.0']);
  expect(cost).toEqual(['–', '–', '90', '10', '64']);
});
