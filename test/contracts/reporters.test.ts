import { describe, expect, test } from 'vitest';
import { censoredRun, failingRun, inconclusiveRun, invalidRun, outcomeOf, passingRun } from '../../fixtures/recordings/index.ts';
import { VERDICTS } from '../../harness/model/verdict.ts';
import type { JudgedRun, ReportFile, Reporter, Surroundings } from '../../harness/report/contract.ts';
import { reporters } from '../../harness/report/index.ts';

const rows: readonly (readonly [string, Reporter])[] = Object.entries(reporters);
const runs = [passingRun(0), failingRun(1), invalidRun(2), inconclusiveRun(3), censoredRun(4)];

const print = async (reporter: Reporter, judged: readonly JudgedRun[]): Promise<string> =>
  reporter.render(
    outcomeOf(judged),
    judged.map((run) => reporter.digest(run)),
  );

const filesOf = (reporter: Reporter): readonly ReportFile[] => [reporter, ...(reporter.beside ?? [])];

/** All that a reporter writes. */
const printAll = async (reporter: Reporter, judged: readonly JudgedRun[], surroundings?: Surroundings): Promise<readonly string[]> =>
  Promise.all(
    filesOf(reporter).map(async (file) =>
      file.render(
        outcomeOf(judged),
        judged.map((run) => reporter.digest(run)),
        surroundings,
      ),
    ),
  );

const everyFile = rows.flatMap(([, reporter]) => filesOf(reporter).map(({ file }) => file));

/** Freezes a value with all that it holds: a reporter that writes to its input throws. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) frozen(child);
  return value;
}

describe.each(rows)('reporter %s', (name, reporter) => {
  test('stands in the table under its kind and writes files of its own', () => {
    expect(reporter.kind).toBe(name);
    for (const { file } of filesOf(reporter)) {
      expect(file).toMatch(/^[a-z][a-z.-]+\.[a-z]+$/);
      expect(everyFile.filter((other) => other === file)).toEqual([file]);
    }
  });

  test('prints the same for the same runs, and leaves them as they were', async () => {
    const judged = frozen(runs);
    const surroundings = frozen({ version: '1.2.3', projectPrefix: 'a/', reportUrl: 'https://example.org/report.html' });
    const [first, again] = [await printAll(reporter, judged, surroundings), await printAll(reporter, judged, surroundings)];
    // Compared here, as a difference of pages would take minutes to be shown.
    expect(first.map((text, place) => text === again[place])).toEqual(first.map(() => true));
  });

  test('tells every verdict apart', async () => {
    const printed = new Set(await Promise.all(runs.map((run) => print(reporter, [run]))));
    expect(printed.size).toBe(runs.length);
  });

  test('tells every verdict of the same run apart', async () => {
    const run = failingRun();
    const printed = VERDICTS.map((verdict) => {
      const findings = run.verdict.findings.filter(({ guard }) => guard);
      return print(reporter, [{ ...run, verdict: { ...run.verdict, verdict, findings } }]);
    });
    expect(new Set(await Promise.all(printed)).size).toBe(VERDICTS.length);
  });

  test('knows of this machine only what it was given', async () => {
    for (const text of await printAll(reporter, runs)) expect(text.includes(`${process.cwd()}/`)).toBe(false);
  });

  test('prints a suite in which nothing ran', async () => {
    expect((await reporter.render({ schemaVersion: 1, verdict: 'pass', scenarios: [] }, [])).length).toBeGreaterThan(0);
  });

  test('says what was left out', async () => {
    const leftOut = [
      {
        name: 'database-slow',
        title: 'Slow',
        environment: 'embedded',
        lacks: ['backing' as const],
        sentence: "'embedded' lacks it",
        wayOut: '--env docker',
      },
    ];
    const judged = [passingRun(0)];
    const text = await reporter.render(
      { ...outcomeOf(judged), leftOut },
      judged.map((run) => reporter.digest(run)),
    );
    for (const said of ['database-slow', 'embedded', '--env docker']) expect(text).toContain(said);
    expect(await print(reporter, judged)).not.toContain('database-slow');
  });

  test('prints a run that has no recording', async () => {
    const text = await reporter.render(outcomeOf([failingRun()]), []);
    expect(text).toContain('payments-outage');
  });

  test('survives a recording that ended before the load began', async () => {
    const { recording, verdict } = invalidRun();
    const cut = {
      recording: { ...recording, events: recording.events.slice(0, 3), requests: [], sentinel: [], exchanges: [], effects: [] },
      verdict,
      index: 0,
    };
    expect(await print(reporter, [cut])).toContain('payments-slow');
  });

  test('prints no markup and no control characters from hostile text', async () => {
    const text = '<img src=x onerror=alert(1)></script></details><!--\u001b[31m $& %%DATA%% | `x` ]]>\u0000 \ud800';
    const run = failingRun(0, { title: text });
    const findings = run.verdict.findings.map((finding) => ({ ...finding, sentence: text, measured: text, expected: text, subject: text }));
    const printed = await printAll(reporter, [{ ...run, verdict: { ...run.verdict, sentence: text, findings } }], {});
    for (const [place, { file }] of filesOf(reporter).entries()) {
      const shown = printed[place] ?? '';
      const markup = /\.(html|xml|md)$/.test(file) ? shown.replaceAll(/<!\[CDATA\[.*?\]\]>/gs, '') : '';
      expect(markup.includes('<img'), file).toBe(false);
      // oxlint-disable-next-line no-control-regex -- what is looked for
      expect(/[\u0000\u001b]/.test(shown), file).toBe(false);
      expect(shown.isWellFormed(), file).toBe(true);
    }
  });
});
