/** Goal: the report says who sent the load and what that driver could not see; a script's thresholds are shown and decide nothing. */
import { describe, expect, test } from 'vitest';
import { outcomeOf, passingRun } from '../../../fixtures/recordings/index.ts';
import { CLOSED_MODEL, scriptRun } from '../../../fixtures/recordings/script.ts';
import { shoppingRun } from '../../../fixtures/recordings/shopping.ts';
import { digestRun } from '../../../harness/report/html/digest.ts';
import { junit } from '../../../harness/report/junit.ts';

describe('the facts of a run', () => {
  test('name driver, program, extension, script and exit; two processes that say the same say it once', () => {
    const facts = Object.fromEntries(digestRun(scriptRun()).detail.facts);
    expect(facts).toMatchObject({
      'Load driver': 'k6',
      'k6: program': 'k6 v2.2.0 (go1.26.4, linux/amd64)',
      'k6: extension': 'k6/x/halfopen 0.1.0',
      'k6: ended': 'k6-1: code 99: thresholds have been crossed · k6-2: code 0',
      'Code of the load': 'load/checkout.js (sha256 c0ffee12c0ff…)',
    });
  });

  test('name the browser beside the usual driver', () => {
    expect(Object.fromEntries(digestRun(shoppingRun()).detail.facts)).toMatchObject({
      'Load driver': 'builtin',
      'playwright: browser': 'Chromium 151.0.7922.71',
    });
  });

  test('evidence that lacks something is told once, and only there', () => {
    const { detail, summary } = digestRun(scriptRun());
    expect([detail.degraded, summary.isDegraded, summary.driver]).toEqual([[`k6: ${CLOSED_MODEL}`], true, 'k6']);
    expect([digestRun(passingRun()).detail.degraded, digestRun(passingRun()).summary.isDegraded]).toEqual([[], false]);
  });
});

describe('thresholds of a script', () => {
  test('stand by phase and by judge, in the script’s order; no samples is neither met nor crossed', () => {
    const { thresholds } = digestRun(scriptRun()).detail;
    expect(thresholds.map(({ metric, condition }) => `${metric} ${condition}`)).toEqual([
      'http_req_duration p(95)<250',
      'checks{flow:checkout} rate>0.99',
    ]);
    expect(thresholds[0]?.judgements.map(({ phase, judgedBy, isMet }) => [phase, judgedBy, isMet])).toEqual([
      ['run', 'k6', true],
      ['run', 'halfopen', true],
      ['baseline', 'halfopen', true],
      ['fault', 'halfopen', false],
      ['recovery', 'halfopen', true],
    ]);
    expect(thresholds[1]?.judgements.find(({ phase }) => phase === 'fault')).toEqual({
      phase: 'fault',
      judgedBy: 'halfopen',
      isMet: null,
      value: null,
      samples: null,
    });
  });

  test('a reported finding is marked as such, and no measure of the run', () => {
    const { detail, summary } = digestRun(scriptRun());
    expect(detail.findings.filter(({ reported }) => reported).map(({ check }) => check)).toEqual(['script-threshold']);
    expect(summary.measures.map(({ check }) => check)).not.toContain('script-threshold');
  });

  test('JUnit has it as output of the suite and not as a case that turns a build red', async () => {
    const run = scriptRun();
    const xml = await junit.render(outcomeOf([run]), [junit.digest(run)]);
    expect(xml).toContain(' failures="0"');
    expect(xml.match(/<testcase /g)).toHaveLength(run.verdict.findings.length - 1);
    expect(xml).toMatch(
      /<system-out><!\[CDATA\[reported, not judged: http_req_duration: p\(95\)<250: fail: p\(95\) of .*\]\]><\/system-out>\n {2}<\/testsuite>/,
    );
    expect(await junit.render(outcomeOf([passingRun()]), [junit.digest(passingRun())])).not.toContain('system-out');
  });
});
