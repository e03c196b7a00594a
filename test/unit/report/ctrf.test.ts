// Goal: readers of CTRF take the file, and no run that could not be judged looks passed or failed to them.
import { describe, expect, test } from 'vitest';
import { censoredRun, failingRun, inconclusiveRun, invalidRun, outcomeOf, passingRun } from '../../../fixtures/recordings/index.ts';
import { ctrf } from '../../../harness/report/ctrf.ts';
import type { Outcome } from '../../../harness/model/outcome.ts';
import { finding, HOSTILE, largeOutcome, outcome, repeats, run } from './outcomes.ts';
import { violations } from './schemas.ts';

interface Report {
  readonly results: {
    readonly tool: { readonly version?: string };
    readonly summary: Readonly<Record<string, number>>;
    readonly tests: readonly Readonly<Record<string, unknown>>[];
  };
}

const judged = [passingRun(0), failingRun(1), invalidRun(2), inconclusiveRun(3), censoredRun(4)];
const notes = judged.map((one) => ctrf.digest(one));
const leftOut = [{ name: 'slow', title: 'Slow', environment: 'embedded', lacks: ['backing' as const], sentence: "'embedded' lacks it" }];

async function print(shown: Outcome, digests = notes.slice(0, 0)): Promise<Report> {
  return JSON.parse(await ctrf.render(shown, digests, { version: '1.2.3', projectPrefix: 'services/shop/' })) as Report;
}

describe('ctrf', () => {
  test.each([
    ['the canned runs', async () => print(outcomeOf(judged), notes)],
    ['runs without recordings', async () => print(outcomeOf(judged))],
    ['a suite in which nothing ran', async () => print(outcome([]))],
    ['what was left out', async () => print(outcome([run()], leftOut))],
    ['hostile text', async () => print(outcome([run({ name: HOSTILE, title: HOSTILE, sentence: HOSTILE })]))],
    ['200 scenarios, five times each', async () => print(largeOutcome())],
  ])('keeps the published schema: %s', async (_, make) => {
    expect(violations('ctrf', await make())).toEqual([]);
  });

  test('the schema is one that refuses: a status, a field and a missing count', async () => {
    const report = await print(outcome([run()]));
    const [first] = report.results.tests;
    const withTest = (test: object): object => ({ ...report, results: { ...report.results, tests: [test] } });
    expect(violations('ctrf', withTest({ ...first, status: 'inconclusive' }))).not.toEqual([]);
    expect(violations('ctrf', withTest({ ...first, verdict: 'pass' }))).not.toEqual([]);
    expect(violations('ctrf', { ...report, results: { ...report.results, summary: {} } })).not.toEqual([]);
  });

  test('gives each verdict its status; what could not be judged is neither passed nor failed', async () => {
    const verdicts = ['pass', 'fail', 'invalid', 'inconclusive'] as const;
    const { results } = await print(outcome(repeats('a', verdicts), leftOut));
    expect(results.tests.map(({ status, rawStatus }) => [rawStatus, status])).toEqual([
      ['pass', 'passed'],
      ['fail', 'failed'],
      ['invalid', 'other'],
      ['inconclusive', 'other'],
      ['left out', 'skipped'],
    ]);
    expect(results.summary).toMatchObject({ tests: 5, passed: 1, failed: 1, other: 2, skipped: 1, pending: 0, suites: 2 });
  });

  test('names repeats apart, gives times, the file in its repository, and steps in place of tests for findings', async () => {
    const { results } = await print(outcomeOf([passingRun(0), passingRun(1)]), notes);
    expect(results.tests.map(({ name }) => String(name).split(':')[0])).toEqual(['payments-outage', 'payments-outage (run 2)']);
    const [first] = results.tests;
    expect(Number(first?.['stop']) - Number(first?.['start'])).toBe(first?.['duration']);
    expect((first?.['steps'] as readonly { readonly name: string }[] | undefined)?.map(({ name }) => name)).toContain(
      "retries({ edge: 'orders->payments', amplificationMax: 1.6 })",
    );
    expect((await print(outcome([run()]))).results.tests[0]).toMatchObject({
      filePath: 'services/shop/scenarios/payments-outage.chaos.ts',
    });
  });

  test('says what is only reported as output, and counts it as no step', async () => {
    const shown = outcome([run({ verdict: 'pass', findings: [finding({ verdict: 'fail', reported: true, check: 'thresholds' })] })]);
    const [first] = (await print(shown)).results.tests;
    expect(first).toMatchObject({ status: 'passed', steps: [] });
    expect(first?.['stdout']).toEqual(['reported, not judged: thresholds: fail: 4 attempts a call reached the edge.']);
  });
});
