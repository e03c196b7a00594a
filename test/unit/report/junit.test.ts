import { describe, expect, test } from 'vitest';
import { failingRun, inconclusiveRun, outcomeOf, passingRun } from '../../../fixtures/recordings/index.ts';
import type { Outcome } from '../../../harness/model/outcome.ts';
import { junit } from '../../../harness/report/junit.ts';

const render = async (outcome: Outcome): Promise<string> => junit.render(outcome, []);

function withSentence(sentence: string): Outcome {
  const outcome = outcomeOf([failingRun()]);
  return {
    ...outcome,
    scenarios: outcome.scenarios.map((scenario) => ({
      ...scenario,
      title: sentence,
      findings: scenario.findings.map((finding) => ({ ...finding, sentence, measured: sentence })),
    })),
  };
}

describe('junit', () => {
  test('strips terminal colours and characters that XML forbids', async () => {
    const xml = await render(withSentence('\u001b[31mred\u001b[0m \u0000\u0008 \ud800 end'));
    expect(xml).toContain('red');
    // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
    expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
    expect(xml.isWellFormed()).toBe(true);
    expect(xml).not.toContain('[31m');
  });

  test('splits the end of CDATA and escapes attributes, so that no text ends its element', async () => {
    const xml = await render(withSentence('a ]]> b <img src=x onerror=alert(1)> "q" & \n'));
    expect(xml).toContain('a ]]]]><![CDATA[> b');
    expect(xml).toContain('message="a ]]&#62; b &#60;img src=x onerror=alert(1)&#62; &#34;q&#34; &#38; &#10;');
    expect(xml.replaceAll(/<!\[CDATA\[.*?\]\]>/gs, '')).not.toContain('<img');
  });

  test('gives repeats of a scenario names of their own, as readers keep the first of two', async () => {
    const xml = await render(outcomeOf([passingRun(0), passingRun(1)]));
    const names = [...xml.matchAll(/<testsuite name="([^"]*)"/g)].map((match) => match[1]);
    expect(names).toEqual(['payments-outage', 'payments-outage (run 2)']);
  });

  test('keeps the build green where only a guard could not tell, and red where the run could not be judged', async () => {
    const run = inconclusiveRun();
    const outcome = outcomeOf([run]);
    expect(await render(outcome)).toMatch(/<error message="[^"]*" type="inconclusive">/);
    const passed = {
      ...outcome,
      scenarios: outcome.scenarios.map((scenario) => ({
        ...scenario,
        verdict: 'pass' as const,
        findings: scenario.findings.filter(({ guard, verdict }) => guard || verdict === 'pass'),
      })),
    };
    const green = await render(passed);
    expect(green).not.toMatch(/<(error|failure)/);
    expect(green).toContain('<skipped message="The machine added');
  });

  test('turns red for a run without a single finding', async () => {
    const outcome = outcomeOf([failingRun()]);
    const bare: Outcome = {
      ...outcome,
      scenarios: outcome.scenarios.map((scenario) => ({ ...scenario, verdict: 'invalid' as const, findings: [] })),
    };
    expect(await render(bare)).toMatch(/errors="1"[^]*the run has a verdict/);
  });
});
