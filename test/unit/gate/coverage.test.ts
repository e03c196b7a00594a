/** Goal: a dependency failure that no scenario covers any longer is found, and told apart from one whose scenario just did not run. */
import { describe, expect, it } from 'vitest';
import { coverageOf, describeLoss, diffCoverage, type CoveringRun, type PlannedScenario } from '../../../harness/gate/coverage.ts';
import type { Exercised } from '../../../harness/model/run-statistics.ts';
import { cannedPlan } from '../../../fixtures/recordings/plan.ts';
import { runOf } from './runs.ts';

const shop = cannedPlan({ name: 'x', title: 'x', seed: 1, ratePerSecond: 1, recoveryMs: 1000, overrides: {} }).system;

function planOf(name: string, kind: string, edge: string): PlannedScenario {
  const fault = {
    name: 'fault',
    fault: { kind, edge },
    summary: '',
    reach: { edges: [edge], services: [], bite: 'tap' },
    windows: [],
    needs: [],
  } as const;
  return { scenario: { name }, system: shop, faults: [fault] };
}

function covering(name: string, ...exercised: readonly Partial<Exercised>[]): CoveringRun {
  const full = exercised.map((entry) => ({ edge: 'orders->payments', kind: 'blackhole', fault: 'fault', isAsserted: true, ...entry }));
  return { name, statistics: runOf({ scenario: { name }, exercised: full }) };
}

const gone = planOf('payments-gone', 'blackhole', 'orders->payments');
const slow = planOf('payments-slow', 'latency', 'orders->payments');
const plans = [gone, slow];
const runs = [covering('payments-gone', {}), covering('payments-slow', { kind: 'latency', isAsserted: false })];
const before = coverageOf({ plans, runs });

const cell = (coverage: typeof before, edge: string, kind: string) =>
  coverage.systems[0]?.cells.find((found) => found.edge === edge && found.kind === kind);

describe('the matrix', () => {
  it('has a cell for each edge of the system and each kind of fault', () => {
    expect(before.systems).toHaveLength(1);
    expect(before.systems[0]?.cells).toHaveLength(shop.edges.length * 2);
    expect(cell(before, 'orders->payments', 'blackhole')).toMatchObject({
      state: 'asserted',
      assertedBy: ['payments-gone'],
      exercisedBy: ['payments-gone'],
    });
    expect(cell(before, 'orders->payments', 'latency')).toMatchObject({
      state: 'exercised',
      assertedBy: [],
      exercisedBy: ['payments-slow'],
    });
    expect(cell(before, 'gateway->catalog', 'blackhole')).toMatchObject({ state: 'untested', declaredBy: [] });
  });

  it('has the columns that are asked for, tested or not', () => {
    const wide = coverageOf({ plans, runs, kinds: ['reset'] });
    expect(wide.systems[0]?.kinds).toEqual(['blackhole', 'latency', 'reset']);
    expect(cell(wide, 'orders->payments', 'reset')?.state).toBe('untested');
  });

  it('counts a declared fault only when a valid run felt it', () => {
    const unfelt = coverageOf({ plans, runs: [covering('payments-gone'), { name: 'payments-slow', statistics: { unusable: 'invalid' } }] });
    expect(cell(unfelt, 'orders->payments', 'blackhole')).toMatchObject({ state: 'untested', declaredBy: ['payments-gone'] });
    expect(unfelt.scenarios).toEqual([
      { name: 'payments-gone', runs: 1, validRuns: 1 },
      { name: 'payments-slow', runs: 1, validRuns: 0 },
    ]);
  });

  it('does not depend on the order of plans and runs', () => {
    expect(JSON.stringify(coverageOf({ plans: plans.toReversed(), runs: runs.toReversed() }))).toBe(JSON.stringify(before));
  });

  it('is empty without plans', () => {
    expect(coverageOf({ plans: [], runs: [] })).toEqual({ schemaVersion: 1, systems: [], scenarios: [] });
  });
});

describe('a difference', () => {
  const lossesOf = (request: Parameters<typeof coverageOf>[0]) =>
    diffCoverage(before, coverageOf(request)).lost.map((change) => [change.from, change.to, describeLoss(change)]);

  it('is none between the same', () => {
    expect(diffCoverage(before, coverageOf({ plans, runs }))).toEqual({ lost: [], gained: [], edgesGone: [], edgesNew: [] });
  });

  it('names an edge that lost its only scenario, and why', () => {
    expect(lossesOf({ plans: [slow], runs: runs.slice(1) })).toEqual([
      ['asserted', 'untested', 'orders->payments lost its only blackhole scenario: payments-gone puts no such fault there any more.'],
    ]);
    expect(lossesOf({ plans, runs: runs.slice(1) })[0]?.[2]).toContain('payments-gone did not run');
    expect(lossesOf({ plans, runs: [{ name: 'payments-gone', statistics: { unusable: 'x' } }, ...runs.slice(1)] })[0]?.[2]).toContain(
      'payments-gone had no valid run',
    );
    expect(lossesOf({ plans, runs: [covering('payments-gone'), ...runs.slice(1)] })[0]?.[2]).toContain('the fault was not felt there');
  });

  it('names what nothing asserts any longer', () => {
    expect(lossesOf({ plans, runs: [covering('payments-gone', { isAsserted: false }), ...runs.slice(1)] })).toEqual([
      [
        'asserted',
        'exercised',
        'Nothing asserts any longer what blackhole does on orders->payments: payments-gone ran, and no expectation about it was decided.',
      ],
    ]);
  });

  it('is no loss while another scenario covers the same', () => {
    const twice = coverageOf({
      plans: [...plans, planOf('payments-away', 'blackhole', 'orders->payments')],
      runs: [...runs, covering('payments-away', {})],
    });
    expect(diffCoverage(twice, before).lost).toEqual([]);
  });

  it('has gains, and edges that only one side knows are neither', () => {
    const smaller = { ...shop, edges: shop.edges.filter(({ name }) => name !== 'orders->payments') };
    const after = coverageOf({ plans: [{ ...slow, system: smaller, faults: [] }], runs: [] });
    expect(diffCoverage(before, after)).toEqual({
      lost: [],
      gained: [],
      edgesGone: [{ system: 'shop', edge: 'orders->payments' }],
      edgesNew: [],
    });
    expect(diffCoverage(after, before)).toMatchObject({ lost: [], gained: [], edgesNew: [{ edge: 'orders->payments' }] });
    const { gained } = diffCoverage(coverageOf({ plans, runs: [] }), before);
    expect(gained.map(({ kind, from, to }) => [kind, from, to])).toEqual([
      ['blackhole', 'untested', 'asserted'],
      ['latency', 'untested', 'exercised'],
    ]);
  });
});
