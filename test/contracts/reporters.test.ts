import { describe, expect, test } from 'vitest';
import { censoredRun, failingRun, inconclusiveRun, invalidRun, outcomeOf, passingRun } from '../../fixtures/recordings/index.ts';
import type { JudgedRun, Reporter } from '../../harness/report/contract.ts';
import { reporters } from '../../harness/report/index.ts';

const rows: readonly (readonly [string, Reporter])[] = Object.entries(reporters);
const runs = [passingRun(0), failingRun(1), invalidRun(2), inconclusiveRun(3), censoredRun(4)];

const print = async (reporter: Reporter, judged: readonly JudgedRun[]): Promise<string> =>
  reporter.render(
    outcomeOf(judged),
    judged.map((run) => reporter.digest(run)),
  );

/** Freezes a value with all that it holds: a reporter that writes to its input throws. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) frozen(child);
  return value;
}

describe.each(rows)('reporter %s', (name, reporter) => {
  test('stands in the table under its kind and writes a file of its own', () => {
    expect(reporter.kind).toBe(name);
    expect(reporter.file).toMatch(/^[a-z][a-z.-]+\.[a-z]+$/);
    expect(rows.filter(([, other]) => other.file === reporter.file)).toHaveLength(1);
  });

  test('prints the same for the same runs, and leaves them as they were', async () => {
    const judged = frozen(runs);
    expect((await print(reporter, judged)) === (await print(reporter, judged))).toBe(true);
  });

  test('tells every verdict apart', async () => {
    const printed = new Set(await Promise.all(runs.map((run) => print(reporter, [run]))));
    expect(printed.size).toBe(runs.length);
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

  test('prints no markup and no terminal colours from a hostile name', async () => {
    const title = '<img src=x onerror=alert(1)></script><!--\u001b[31m $& %%DATA%%';
    const text = await print(reporter, [failingRun(0, { title })]);
    const markup = name === 'json' ? '' : text.replaceAll(/<!\[CDATA\[.*?\]\]>/gs, '');
    expect(markup.includes('<img')).toBe(false);
    expect(text.includes('\u001b')).toBe(false);
  });
});
