// Goal: GitLab reads every line of the metrics, each series stands once, and links lead to the report or nowhere.
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../harness/model/outcome.ts';
import { gitlabMetrics } from '../../../harness/report/gitlab-metrics.ts';
import { gitlab } from '../../../harness/report/gitlab.ts';
import { finding, HOSTILE, outcome, repeats, run } from './outcomes.ts';

const SAMPLE = /^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\n"])*",?)*)\} (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/** Samples by series, read as OpenMetrics text. */
function samples(shown: Outcome): ReadonlyMap<string, number> {
  const lines = gitlabMetrics(shown).split('\n');
  expect(lines.slice(-2)).toEqual(['# EOF', '']);
  const read = new Map<string, number>();
  for (const line of lines.slice(0, -2)) {
    if (/^# (TYPE [a-z_]+ gauge|HELP [a-z_]+ .+)$/.test(line)) continue;
    const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? [];
    expect(name, line).not.toBe('');
    expect(read.has(`${name}{${labels}}`), line).toBe(false);
    read.set(`${name}{${labels}}`, Number(value));
  }
  return read;
}

describe('gitlab metrics', () => {
  test('count runs by verdict, and give the median of what was measured, in base units', () => {
    const { quantity: _, ...unmeasured } = finding({ check: 'recovery', subject: 'storm' });
    const timed = (value: number | null, seed: number): ReturnType<typeof run> =>
      run({
        name: 'a',
        seed,
        verdict: value === null ? 'fail' : 'pass',
        findings: [value === null ? unmeasured : { ...unmeasured, quantity: { value, unit: 'ms' } }, finding()],
      });
    const shown = outcome([timed(1000, 0), timed(9000, 1), timed(2000, 2), timed(null, 3)]);
    expect([...samples(shown)]).toEqual([
      ['halfopen_runs{scenario="a",verdict="pass"}', 3],
      ['halfopen_runs{scenario="a",verdict="inconclusive"}', 0],
      ['halfopen_runs{scenario="a",verdict="fail"}', 1],
      ['halfopen_runs{scenario="a",verdict="invalid"}', 0],
      ['halfopen_measured_factor{scenario="a",expectation="retries orders->payments"}', 4],
      ['halfopen_measured_seconds{scenario="a",expectation="recovery storm"}', 2],
      ['halfopen_unmeasured_runs{scenario="a",expectation="recovery storm"}', 1],
    ]);
  });

  test('leave out what an invalid run measured, guards, and what is only reported', () => {
    const shown = outcome([
      run({ verdict: 'invalid' }),
      run({ verdict: 'pass', findings: [finding({ guard: true }), finding({ reported: true })] }),
    ]);
    expect([...samples(shown).keys()].filter((series) => !series.startsWith('halfopen_runs'))).toEqual([]);
  });

  test('tell an expectation that is declared twice apart', () => {
    const series = [...samples(outcome([run({ findings: [finding(), finding({ quantity: { value: 2, unit: 'x' } })] })])).keys()];
    expect(series).toContain('halfopen_measured_factor{scenario="payments-outage",expectation="retries orders->payments (2)"}');
  });

  test('keep hostile names inside their label', () => {
    const read = samples(
      outcome([run({ name: HOSTILE, findings: [finding({ subject: String.raw`a"} 9 \n \ "` })] }), run({ name: 'other' })]),
    );
    expect(read.size).toBe(10);
  });
});

describe('gitlab annotations', () => {
  const [annotations] = gitlab.beside ?? [];
  const links = async (shown: Outcome, reportUrl?: string): Promise<unknown> =>
    JSON.parse((await annotations?.render(shown, [], reportUrl === undefined ? {} : { reportUrl })) ?? '');

  test('link the report, and each scenario that did not pass to its worst run', async () => {
    const shown = outcome([...repeats('good', ['pass']), ...repeats('bad', ['pass', 'fail'])]);
    expect(await links(shown, 'https://gitlab.example/-/jobs/1/artifacts/file/reports/report.html')).toEqual({
      halfopen: [
        {
          external_link: {
            label: 'halfopen report: 1 fail, 2 pass',
            url: 'https://gitlab.example/-/jobs/1/artifacts/file/reports/report.html',
          },
        },
        { external_link: { label: 'fail: bad', url: 'https://gitlab.example/-/jobs/1/artifacts/file/reports/report.html#/s/bad~2' } },
      ],
    });
  });

  test('hold no link where nobody knows the address', async () => {
    expect(await links(outcome([run()]))).toEqual({ halfopen: [] });
  });
});
