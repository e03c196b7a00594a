import { describe, expect, test } from 'vitest';
import { availability } from '../../../../harness/analysis/checks/availability.ts';
import { breaker } from '../../../../harness/analysis/checks/breaker.ts';
import { delivery } from '../../../../harness/analysis/checks/delivery.ts';
import { failsFast } from '../../../../harness/analysis/checks/fails-fast.ts';
import { fallback } from '../../../../harness/analysis/checks/fallback.ts';
import { checks } from '../../../../harness/analysis/checks/index.ts';
import { latencyWithin } from '../../../../harness/analysis/checks/latency-within.ts';
import { readinessTruth } from '../../../../harness/analysis/checks/readiness-truth.ts';
import { recovery } from '../../../../harness/analysis/checks/recovery.ts';
import { stampede } from '../../../../harness/analysis/checks/stampede.ts';
import type { Plan } from '../../../../harness/model/plan.ts';
import type { Expectation } from '../../../../harness/model/scenario.ts';
import { recordingOf, SHOP, steadily, type RecordingSketch } from '../../../recordings.ts';

/** Storm at 4–8 s, timeline until 18 s, clients give up after 5 s, 50 arrivals a second. */
function planOf(sketch: RecordingSketch = {}): Plan {
  return recordingOf({ requests: steadily(0, 18_000, 20), ...sketch }).run.plan;
}

/** Nobody has planned its arrivals. */
const BY_SCRIPT: RecordingSketch = { requests: [], plan: { load: { kind: 'k6-script', file: 'load.js', requests: [], env: {} } } };

/** Paths of the problems that a plan has with an expectation. */
function paths(expectation: Expectation, plan: Plan = planOf()): string[] {
  const check = Object.entries(checks).find(([kind]) => kind === expectation.check)?.[1];
  return (check?.problems(expectation as never, plan, 'expect[0]') ?? []).map(({ path }) => path);
}

const recoveryWithin = (within: '1s' | '7.9s' | '8s' | '250ms' | '251ms', p95Ms = 100) =>
  recovery({ of: 'storm', within, availability: 0.99, p95Ms, holdFor: '2s' });

describe('limits that a timeline cannot exceed are refused', () => {
  test('a breaker that may take as long as the run lasts', () => {
    expect(paths(breaker('orders.payments').opens({ within: '13.9s', of: 'storm' }))).toEqual([]);
    expect(paths(breaker('orders.payments').opens({ within: '14s', of: 'storm' }))).toEqual(['expect[0].withinMs']);
    expect(paths(breaker('orders.payments').closes({ within: '9.9s', of: 'storm' }))).toEqual([]);
    expect(paths(breaker('orders.payments').closes({ within: '10s', of: 'storm' }))).toEqual(['expect[0].withinMs']);
  });

  test('a recovery that leaves no time to hold, and one finer than can be measured', () => {
    expect(paths(recoveryWithin('7.9s'))).toEqual([]);
    expect(paths(recoveryWithin('8s'))).toEqual(['expect[0].withinMs']);
    expect(paths(recoveryWithin('251ms'))).toEqual([]);
    expect(paths(recoveryWithin('250ms'))).toEqual(['expect[0].withinMs']);
    expect(paths(recoveryWithin('1s'), planOf({ requests: steadily(0, 18_000, 200) }))).toEqual(['expect[0].withinMs']);
    expect(paths(recoveryWithin('1s'), planOf(BY_SCRIPT))).toEqual([]);
  });

  test('a recovery by those who wait for the end of a stall before they come again', () => {
    const plan = planOf();
    if (plan.load.kind !== 'open') throw new Error('the load of a sketch is open');
    const journeys = [{ name: 'buying', file: 'buying.ts', export: 'default', timeoutMs: 30_000, users: 3, thinkMs: 0 }];
    const beside = { ...plan, load: { ...plan.load, journeys } };
    const of = (request: string) => recovery({ of: 'storm', within: '7.9s', availability: 0.99, p95Ms: 100, holdFor: '2s', request });
    expect(paths(of('buying'), beside)).toEqual(['expect[0].request']);
    expect(paths(of('quote'), beside)).toEqual([]);
  });

  test('a latency that the client does not wait for', () => {
    expect(paths(latencyWithin({ request: 'quote', during: 'storm', quantile: 0.95, maxMs: 4999 }))).toEqual([]);
    expect(paths(latencyWithin({ request: 'quote', during: 'storm', quantile: 0.95, maxMs: 5000 }))).toEqual(['expect[0].maxMs']);
    expect(paths(failsFast({ breaker: 'orders.payments', request: 'quote', p95Ms: 5000 }))).toEqual(['expect[0].p95Ms']);
    expect(paths(recoveryWithin('1s', 5000))).toEqual(['expect[0].p95Ms']);
  });

  test('a delivery that may take as long as the run lasts', () => {
    const within = (limit: '9.9s' | '10s') => delivery({ from: 'accepted', to: 'announced', of: 'storm', within: limit });
    expect(paths(within('9.9s'))).toEqual([]);
    expect(paths(within('10s'))).toEqual(['expect[0].withinMs']);
  });

  test('a rush that is larger than all arrivals together', () => {
    const ratio = (ratioMax: number) => stampede({ edge: 'orders->payments', of: 'storm', ratioMax });
    // 50 arrivals a second, and at least 10 calls in a baseline of 3 s.
    expect(paths(ratio(14.9))).toEqual([]);
    expect(paths(ratio(15))).toEqual(['expect[0].ratioMax']);
    expect(paths(stampede({ edge: 'orders->payments', of: 'storm', ratioMax: 15 }), planOf(BY_SCRIPT))).toEqual([]);
  });

  test('a staleness as long as the run', () => {
    const { load, ...plan } = planOf();
    const observing: Plan = {
      ...plan,
      load: { ...load, requests: load.requests.map((request) => ({ ...request, observe: { degraded: '/_stale', value: '/amount' } })) },
    };
    expect(paths(fallback({ request: 'quote', during: 'storm', stalenessMax: '13.9s' }), observing)).toEqual([]);
    expect(paths(fallback({ request: 'quote', during: 'storm', stalenessMax: '14s' }), observing)).toEqual(['expect[0].stalenessMaxMs']);
    expect(paths(fallback({ request: 'quote', during: 'storm', stalenessMax: '9s', endsWithin: '10s' }), observing)).toEqual([
      'expect[0].endsWithinMs',
    ]);
  });
});

describe('expectations that the plan cannot answer are refused', () => {
  test('a fallback whose request or source observes nothing', () => {
    expect(paths(fallback({ request: 'quote', during: 'storm', stalenessMax: '9s' }))).toEqual(['expect[0].request']);
    expect(paths(fallback({ request: 'quote', during: 'storm', stalenessMax: '9s', source: 'orders->inventory' }))).toEqual([
      'expect[0].request',
      'expect[0].edge',
    ]);
    expect(
      paths(fallback({ request: 'quote', during: 'storm', stalenessMax: '9s' }), planOf({ faults: [{ edges: ['orders->inventory'] }] })),
    ).toEqual(['expect[0].request', 'expect[0].edge']);
  });

  test('a service without a ready path', () => {
    expect(paths(readinessTruth({ service: 'payments' }))).toEqual(['expect[0].service']);
    const payments = { command: ['node'], portEnv: 'PORT', readyWithinMs: 1000, ready: '/readyz' };
    expect(
      paths(readinessTruth({ service: 'payments' }), planOf({ plan: { system: { ...SHOP, services: { ...SHOP.services, payments } } } })),
    ).toEqual([]);
  });

  test('a walk that stands still, and a time that is none or two', () => {
    expect(paths(breaker('orders.payments').visits(['closed', 'closed']))).toEqual(['expect[0].states[1]']);
    expect(paths(availability({ during: 'storm', min: 0.9 }))).toEqual([]);
    expect(paths({ check: 'availability', min: 0.9 } as Expectation)).toEqual(['expect[0]']);
    expect(paths({ check: 'availability', min: 0.9, of: 'storm', phase: 'fault' } as Expectation)).toEqual(['expect[0]']);
  });
});
