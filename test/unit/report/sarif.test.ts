// Goal: code scanning takes the file; it holds what stands of the system, once, under a fingerprint that a new run does not change.
import { describe, expect, test } from 'vitest';
import { censoredRun, failingRun, inconclusiveRun, invalidRun, outcomeOf, passingRun } from '../../../fixtures/recordings/index.ts';
import { checks } from '../../../harness/analysis/checks/index.ts';
import type { Outcome } from '../../../harness/model/outcome.ts';
import { STANDING_RULES } from '../../../harness/report/sarif-rules.ts';
import { sarif } from '../../../harness/report/sarif.ts';
import { finding, HOSTILE, largeOutcome, outcome, repeats, run } from './outcomes.ts';
import { violations } from './schemas.ts';

interface Log {
  readonly runs: readonly [
    {
      readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
      readonly invocations: readonly [{ readonly toolExecutionNotifications: readonly { readonly message: { readonly text: string } }[] }];
      readonly results: readonly {
        readonly ruleId: string;
        readonly ruleIndex: number;
        readonly message: { readonly text: string };
        readonly occurrenceCount: number;
        readonly partialFingerprints: Readonly<Record<string, string>>;
        readonly locations: readonly {
          readonly physicalLocation?: { readonly artifactLocation: { readonly uri: string } };
          readonly logicalLocations: readonly { readonly name: string }[];
        }[];
      }[];
    },
  ];
}

async function print(shown: Outcome): Promise<Log> {
  return JSON.parse(await sarif.render(shown, [], { version: '1.2.3', projectPrefix: 'services/a b/' })) as Log;
}

const resultsOf = async (shown: Outcome): Promise<Log['runs'][0]['results']> => (await print(shown)).runs[0].results;

describe('sarif', () => {
  const judged = [passingRun(0), failingRun(1), invalidRun(2), inconclusiveRun(3), censoredRun(4)];
  const leftOut = [{ name: 'slow', title: '', environment: 'embedded', lacks: ['netem' as const], sentence: "'embedded' lacks it" }];
  test.each([
    ['the canned runs', outcomeOf(judged)],
    ['a suite in which nothing ran', outcome([], leftOut)],
    ['findings that stand', outcome([run(), run({ file: 'scenarios/ä b:c.chaos.ts' })])],
    ['hostile text', outcome([run({ name: HOSTILE, file: 'x', findings: [finding({ subject: HOSTILE, sentence: HOSTILE })] })])],
    ['200 scenarios, five times each', largeOutcome()],
  ])('keeps the published schema: %s', async (_, shown) => {
    expect(violations('sarif-2.1.0', await print(shown))).toEqual([]);
  });

  test('the schema is one that refuses: a level, a field, a result without a message', async () => {
    const log = await print(outcome([run()]));
    const [first] = log.runs[0].results;
    const withResult = (result: object): object => ({ ...log, runs: [{ ...log.runs[0], results: [result] }] });
    expect(violations('sarif-2.1.0', withResult({ ...first, level: 'fatal' }))).not.toEqual([]);
    expect(violations('sarif-2.1.0', withResult({ ...first, verdict: 'fail' }))).not.toEqual([]);
    expect(violations('sarif-2.1.0', withResult({ ...first, message: undefined }))).not.toEqual([]);
  });

  test('has no result for what measures one run, for what could not be judged, and for what passed', async () => {
    const shown = outcome([
      run({ findings: [finding({ check: 'recovery', subject: 'storm' })] }),
      run({ verdict: 'invalid', findings: [finding({ check: 'fault-was-felt', guard: true, verdict: 'invalid' }), finding()] }),
      run({ verdict: 'inconclusive', findings: [finding({ verdict: 'inconclusive' })] }),
      run({ verdict: 'pass', findings: [finding({ verdict: 'pass' })] }),
      run({ verdict: 'pass', findings: [finding({ reported: true })] }),
    ]);
    expect(await resultsOf(shown)).toEqual([]);
    expect((await print(shown)).runs[0].invocations[0].toolExecutionNotifications[0]?.message.text).toMatch(
      /^payments-outage: 1 fail, 1 invalid, 1 inconclusive, 2 pass\. /,
    );
  });

  test('has one result for one property, whatever scenarios, runs, seeds and numbers show it', async () => {
    const shown = outcome([
      ...repeats('a', ['fail', 'pass', 'fail']),
      run({ name: 'b', file: 'scenarios/b.chaos.ts', seed: 99, findings: [finding({ measured: '9 ×', sentence: '9 attempts a call.' })] }),
      run({ name: 'c', findings: [finding({ subject: 'orders->inventory' })] }),
    ]);
    const results = await resultsOf(shown);
    expect(results.map(({ ruleId, occurrenceCount, partialFingerprints }) => [ruleId, occurrenceCount, partialFingerprints])).toEqual([
      ['retries', 3, { 'halfopenProperty/v1': 'retries/orders->payments' }],
      ['retries', 1, { 'halfopenProperty/v1': 'retries/orders->inventory' }],
    ]);
    const [first] = results;
    expect(first?.message.text).toContain('Seen in a (retries orders->payments; 2 of 3 runs), b (');
    expect(first?.locations.map(({ physicalLocation }) => physicalLocation?.artifactLocation.uri)).toEqual([
      'services/a%20b/scenarios/payments-outage.chaos.ts',
      'services/a%20b/scenarios/b.chaos.ts',
    ]);
    const again = await resultsOf(outcome([run({ name: 'renamed', seed: 1, findings: [finding({ measured: '2 ×' })] })]));
    expect(again[0]?.partialFingerprints).toEqual(first?.partialFingerprints);
  });

  test('names what it is about where no file is known', async () => {
    const { file: _, ...withoutFile } = run();
    const [first] = await resultsOf(outcome([withoutFile]));
    expect(first?.locations).toEqual([
      { logicalLocations: [{ fullyQualifiedName: 'orders->payments', name: 'orders->payments', kind: 'resource' }] },
    ]);
  });

  test('rules are kinds of checks; a kind either has one or is known to measure a run', async () => {
    const measures = ['visits', 'recovery', 'availability', 'latencyWithin', 'page', 'thresholds'];
    expect([...Object.keys(STANDING_RULES), ...measures].toSorted()).toEqual(Object.keys(checks).toSorted());
    const { tool, results } = (await print(outcome([run({ findings: [finding({ check: 'atMostOnce', subject: 'charge' })] })]))).runs[0];
    expect(results.map(({ ruleIndex }) => tool.driver.rules[ruleIndex]?.id)).toEqual(['atMostOnce']);
  });
});
