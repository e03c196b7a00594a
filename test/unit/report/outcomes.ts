import type { Outcome, ScenarioOutcome } from '../../../harness/model/outcome.ts';
import type { Verdict } from '../../../harness/model/verdict.ts';

type FindingOutcome = ScenarioOutcome['findings'][number];

/** A finding of an expectation that failed, unless told otherwise. */
export function finding(sketch: Partial<FindingOutcome> = {}): FindingOutcome {
  return {
    check: 'retries',
    subject: 'orders->payments',
    guard: false,
    verdict: 'fail',
    expected: 'up to 1.6 ×',
    measured: '4 ×',
    quantity: { value: 4, unit: 'x' },
    sentence: '4 attempts a call reached the edge.',
    evidence: [],
    ...sketch,
  };
}

/** A run that failed by its findings, unless told otherwise. */
export function run(sketch: Partial<ScenarioOutcome> = {}): ScenarioOutcome {
  const findings = sketch.findings ?? [finding()];
  return {
    name: 'payments-outage',
    title: 'A payments outage',
    file: 'scenarios/payments-outage.chaos.ts',
    verdict: 'fail',
    sentence: findings[0]?.sentence ?? 'Nothing was found.',
    seed: 7,
    environment: 'embedded',
    runId: 'a1b2c3d4',
    folder: 'payments-outage/2026-01-31T12-00-00Z',
    durationMs: 21_000,
    replay: 'npx halfopen run payments-outage --seed 7',
    ...sketch,
    findings,
  };
}

/** As many runs of one scenario, with these verdicts; those that pass have findings that pass. */
export function repeats(name: string, verdicts: readonly Verdict[]): readonly ScenarioOutcome[] {
  return verdicts.map((verdict, index) => run({ name, verdict, seed: 7 + index, findings: [finding({ verdict })] }));
}

export function outcome(scenarios: readonly ScenarioOutcome[], leftOut?: Outcome['leftOut']): Outcome {
  const worst = (['fail', 'invalid', 'inconclusive', 'pass'] as const).find((verdict) => scenarios.some((one) => one.verdict === verdict));
  return { schemaVersion: 1, verdict: worst ?? 'inconclusive', scenarios, ...(leftOut === undefined ? {} : { leftOut }) };
}

/** 200 scenarios that ran five times each; every second one failed by ten findings with long sentences, each in its own words. */
export function largeOutcome(): Outcome {
  const scenarios = Array.from({ length: 200 }, (_, place) => place).flatMap((place) =>
    Array.from({ length: 5 }, (_run, repeat) => {
      const verdict = place % 2 === 0 ? 'fail' : 'pass';
      const findings = Array.from({ length: 10 }, (_finding, index) =>
        finding({ check: `check-${index}`, verdict, sentence: `Run ${repeat} of ${place}: ${'<b>|`%\n'.repeat(200)}` }),
      );
      return run({ name: `scenario-${String(place).padStart(3, '0')}`, title: 'T'.repeat(500), verdict, seed: repeat, findings });
    }),
  );
  return outcome(scenarios);
}

/** What a title, a name or a service's own words may hold, to be shown as text and nothing else. */
export const HOSTILE =
  '</details></summary><img src=x onerror=alert(1)><!-- | a | b |\n# head\n| --- |\r\n```\n~~~ `code` [x](javascript:alert(1)) ![y](https://evil.example/p.png) https://evil.example www.evil.example *bold* _it_ \u001b[31mred\u001b[0m\u0000\u0007 ]]> &lt; ::error::x\n::stop-commands::t %0A $& %%DATA%% \ud800 end';
