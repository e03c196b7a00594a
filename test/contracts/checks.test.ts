import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../harness/analysis/analyze.ts';
import { atMostOnce } from '../../harness/analysis/checks/at-most-once.ts';
import { availability } from '../../harness/analysis/checks/availability.ts';
import { backoff } from '../../harness/analysis/checks/backoff.ts';
import { breaker } from '../../harness/analysis/checks/breaker.ts';
import type { Check } from '../../harness/analysis/checks/contract.ts';
import { delivery } from '../../harness/analysis/checks/delivery.ts';
import { failsFast } from '../../harness/analysis/checks/fails-fast.ts';
import { fallback } from '../../harness/analysis/checks/fallback.ts';
import { checks } from '../../harness/analysis/checks/index.ts';
import { isolation } from '../../harness/analysis/checks/isolation.ts';
import { latencyWithin } from '../../harness/analysis/checks/latency-within.ts';
import { page } from '../../harness/analysis/checks/page.ts';
import { readinessTruth } from '../../harness/analysis/checks/readiness-truth.ts';
import { recovery } from '../../harness/analysis/checks/recovery.ts';
import { retries } from '../../harness/analysis/checks/retries.ts';
import { stampede } from '../../harness/analysis/checks/stampede.ts';
import { thresholds } from '../../harness/analysis/checks/thresholds.ts';
import { evidenceOf } from '../../harness/analysis/evidence.ts';
import { POWERS } from '../../harness/model/plan.ts';
import type { Recording } from '../../harness/model/recording.ts';
import type { Expectation } from '../../harness/model/scenario.ts';
import { shapeProblems, type Names } from '../../harness/model/shape.ts';
import { explain, explainedCodes } from '../../harness/verdict/explain.ts';
import { recordingOf, SHOP, steadily } from '../recordings.ts';

const payments = breaker('orders.payments');

/** One declaration of each kind, with every option set. A new row does not compile until it has one. */
const examples: Readonly<
  Record<keyof typeof checks, Expectation<'orders->payments', 'orders.payments', 'storm', 'quote' | 'stock', 'payments'>>
> = {
  opens: payments.opens({ within: '2s', of: 'storm' }),
  staysClosed: payments.staysClosed(),
  visits: payments.visits(['closed', 'open', 'half-open', 'closed']),
  staysOpen: payments.staysOpen({ of: 'storm' }),
  trialCalls: payments.trialCalls({ max: 2 }),
  closes: payments.closes({ within: '3s', of: 'storm' }),
  recovery: recovery({ of: 'storm', within: '4s', availability: 0.99, p95Ms: 250, holdFor: '2s', request: 'quote' }),
  availability: availability({ request: 'quote', during: 'storm', min: 0.9, countDegraded: true }),
  latencyWithin: latencyWithin({ request: 'quote', during: 'baseline', quantile: 0.95, maxMs: 250 }),
  fallback: fallback({ request: 'quote', during: 'storm', stalenessMax: '8s', source: 'orders->payments', endsWithin: '4s' }),
  failsFast: failsFast({ breaker: 'orders.payments', request: 'quote', p95Ms: 100 }),
  retries: retries({ edge: 'orders->payments', of: 'storm', amplificationMax: 1.6 }),
  backoff: backoff({ edge: 'orders->payments', of: 'storm', firstMin: '20ms', growthMin: 1.5, jitter: true }),
  isolation: isolation({ request: 'stock', from: 'storm', p95RatioMax: 1.5 }),
  stampede: stampede({ edge: 'orders->payments', of: 'storm', ratioMax: 2 }),
  atMostOnce: atMostOnce({ effect: 'charge' }),
  delivery: delivery({ from: 'charge', to: 'receipt', of: 'storm', within: '4s' }),
  readinessTruth: readinessTruth({ service: 'payments', of: 'storm' }),
  page: page({
    journey: 'quote',
    step: 'price',
    during: 'storm',
    after: '1s',
    shows: 'may be out of date',
    showsNot: 'Error',
    neverBlank: true,
    min: 0.9,
  }),
  thresholds: thresholds({ during: 'recovery' }),
};

const NAMES: Names = {
  service: Object.keys(SHOP.services),
  edge: SHOP.edges.map(({ name }) => name),
  breaker: Object.keys(SHOP.breakers),
  fault: ['storm'],
  request: ['quote', 'stock'],
};

const whole = recordingOf({
  requests: [...steadily(0, 18_000, 40), ...steadily(0, 18_000, 40, { name: 'stock' })],
  exchanges: steadily(4000, 8000, 20, { status: 503, fault: 'storm', trace: 1 }),
  breakers: {
    'orders.payments': [
      [0, 'closed'],
      [4300, 'open'],
      [8600, 'half-open'],
      [8610, 'closed'],
    ],
  },
});

/** Recordings that prove nothing, or that no run should have left. */
const hostile: Readonly<Record<string, Recording>> = {
  'an empty recording': { ...recordingOf({ exchanges: [], sentinel: [] }), events: [] },
  'a run whose load never began': recordingOf({ loadStartedMs: null, exchanges: [], ended: 'failed' }),
  'a run that was cut off in the baseline': { ...recordingOf({ ended: null, exchanges: [] }), events: recordingOf({}).events.slice(0, 2) },
  'a fault that never came into force': recordingOf({ faults: [{ acknowledgedLateMs: null, withdrawnLateMs: null }] }),
  'a recording of another system': recordingOf({
    plan: { system: { name: 'other', entry: 'x', services: {}, edges: [], breakers: {} }, faults: [] },
  }),
  'times that are no numbers': {
    ...whole,
    requests: whole.requests.map((row) => ({ ...row, endedUs: Number.NaN, startedUs: Number.NaN })),
  },
  'events that came backwards': { ...whole, events: whole.events.toReversed() },
  'rows that end before they begin': {
    ...whole,
    requests: whole.requests.map((row) => ({ ...row, endedUs: row.intendedUs - 1000 })),
    exchanges: whole.exchanges.map((row) => ({ ...row, endedUs: row.startedUs - 1000 })),
  },
  'names that objects already have': {
    ...whole,
    requests: whole.requests.map((row) => ({ ...row, traceId: '__proto__', observed: { value: 'constructor', version: '__proto__' } })),
    exchanges: whole.exchanges.map((row) => ({
      ...row,
      traceId: 'toString',
      observed: { value: '<img onerror=x>', version: 'hasOwnProperty' },
    })),
  },
};

const PROVES_NOTHING = Object.keys(hostile).slice(0, 3);

describe.each(Object.entries<Check>(checks))('check %s', (kind, check) => {
  const example = examples[kind as keyof typeof checks];

  test('stands in the table under its own name and asks for powers that exist', () => {
    expect(check.kind).toBe(kind);
    expect(example.check).toBe(kind);
    expect(POWERS).toEqual(expect.arrayContaining([...check.needs]));
  });

  test('publishes a schema that takes what its constructor makes, all of it, and nothing else', () => {
    expect(shapeProblems(example, check.schema, NAMES, 'x', ['check'])).toEqual([]);
    expect(shapeProblems({ ...example, unheardOf: 1 }, check.schema, NAMES, 'x', ['check'])).toHaveLength(1);
    const declared = Object.keys(check.schema).filter((field) => field !== 'phase' && field !== 'of');
    const given = Object.keys(example).filter((field) => field !== 'check' && field !== 'phase' && field !== 'of');
    expect(given.toSorted()).toEqual(declared.toSorted());
  });

  test('is declared as data that survives JSON', () => {
    expect(JSON.parse(JSON.stringify(example))).toEqual(example);
  });

  test('describes itself in one phrase', () => {
    expect(check.describe(example)).toMatch(/^\S.{10,}[^.]$/);
  });

  test.each(PROVES_NOTHING)('never passes or fails on %s', (name) => {
    const recording = hostile[name];
    if (recording === undefined) throw new Error(`no recording '${name}'`);
    expect(check.evaluate(example, evidenceOf(recording)).verdict).toBe('inconclusive');
  });

  test.each(Object.entries({ ...hostile, 'a whole run': whole }))('says something that can be said and stored of %s', (_, recording) => {
    const finding = check.evaluate(example, evidenceOf(recording));
    expect(finding).toMatchObject({ check: kind, guard: false, expectation: example });
    expect(explainedCodes).toContain(finding.explanation.code);
    expect(JSON.parse(JSON.stringify(finding))).toEqual(finding);
    const words = explain(finding);
    for (const text of [words.expected, words.measured, words.sentence, words.declared]) expect(text).toMatch(/\S/);
    expect(words.sentence).toMatch(/^[A-Z\d].*\.$/);
    expect(Object.values(words).join(' ')).not.toMatch(/undefined|NaN|\[object/);
  });

  test.each(POWERS.filter((power) => check.needs.includes(power)))('cannot tell where the environment lacks the power %s', (power) => {
    const plan = { ...whole.run.plan, powers: POWERS.filter((other) => other !== power) };
    const findings = analyze({ ...whole, run: { ...whole.run, plan } }, [example], { guards: {} });
    expect(findings).toMatchObject([{ verdict: 'inconclusive', explanation: { code: 'power-lacking', values: { lacking: [power] } } }]);
    expect(findings.map((finding) => explain(finding).sentence).join()).toContain(`needs the power '${power}'`);
  });

  test('tells without a tap only what users and probes show', () => {
    const plan = { ...whole.run.plan, powers: ['tcp'] as const };
    const tapless = { ...whole, exchanges: [], run: { ...whole.run, plan } };
    const [finding] = analyze(tapless, [example], { guards: {} });
    expect(finding?.explanation.code).not.toBe('check-crashed');
    if (check.needs.length > 0) expect(finding?.verdict).toBe('inconclusive');
  });

  test('cites at most 50 rows of each table', () => {
    for (const { ids } of check.evaluate(example, evidenceOf(whole)).evidence) expect(ids.length).toBeLessThanOrEqual(50);
  });
});

test('some checks need a tap, and some do not: both kinds were tested', () => {
  const tapped = Object.values<Check>(checks).filter(({ needs }) => needs.includes('tap'));
  expect(tapped.length).toBeGreaterThan(4);
  expect(tapped.length).toBeLessThan(Object.keys(checks).length - 4);
});

test('every code that a check can end with has a sentence', () => {
  const folder = new URL('../../harness/analysis/checks/', import.meta.url);
  const sources = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const codes = new Set(
    sources.flatMap((source) =>
      [...source.matchAll(/\bcode: ([^,\n]+)|\['(fallback-[a-z]+)',/g)].flatMap((match) =>
        [...(match[1] ?? `'${match[2]}'`).matchAll(/'([a-z-]+)'/g)].map(([, code]) => code ?? ''),
      ),
    ),
  );
  codes.delete('inconclusive');
  expect([...codes].filter((code) => !explainedCodes.includes(code))).toEqual([]);
  expect(codes.size).toBeGreaterThan(30);
});
