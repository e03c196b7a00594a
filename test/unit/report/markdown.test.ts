// Goal: the Markdown says every verdict, worst first, stays within its limit, and shows whatever services said as text.
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../harness/model/outcome.ts';
import { bytesOf, clipped, fitting } from '../../../harness/report/bounded.ts';
import type { ReportFile } from '../../../harness/report/contract.ts';
import { github } from '../../../harness/report/github.ts';
import { htmlText, markdownCode, markdownLink, markdownText } from '../../../harness/report/markdown-text.ts';
import { markdown } from '../../../harness/report/markdown.ts';
import type { RunNote } from '../../../harness/report/run-note.ts';
import { markdownNodes, textOf } from './markdown-tree.ts';
import { finding, HOSTILE, largeOutcome, outcome, repeats, run } from './outcomes.ts';

const print = async (reporter: ReportFile<RunNote>, shown: Outcome, reportUrl?: string): Promise<string> =>
  reporter.render(shown, [], reportUrl === undefined ? {} : { reportUrl });

/** The hostile text as a reader may see it: nothing is lost but what no screen shows. */
const SHOWN = plainly(HOSTILE);

function plainly(text: string): string {
  return (
    text
      .replaceAll('\u001b[31m', '')
      .replaceAll('\u001b[0m', '')
      // oxlint-disable-next-line no-control-regex -- as the text holds them
      .replace(/[\u0000\u0007]/g, '')
      .toWellFormed()
      .replace(/\s+/g, ' ')
  );
}

describe('text in Markdown', () => {
  test.each([
    ['a paragraph', (text: string) => `x ${text} y`],
    ['a heading', (text: string) => `## x ${text} y`],
    ['an entry of a list', (text: string) => `- x ${text} y`],
    ['a cell', (text: string) => `| | |\n| --- | --- |\n| x ${text} y | z |`],
  ])('stays text in %s', async (_, around) => {
    const nodes = await markdownNodes(around(markdownText(HOSTILE)));
    const kinds = new Set(nodes.map(({ type }) => type));
    for (const kind of ['html', 'link', 'image', 'inlineCode', 'emphasis', 'strong', 'delete', 'code']) expect(kinds).not.toContain(kind);
    expect(nodes.filter(({ type }) => type === 'tableRow').every(({ children = [] }) => children.length === 2)).toBe(true);
    expect(nodes.map(textOf)).toContainEqual(expect.stringContaining(`x ${SHOWN} y`));
  });

  test('is not escaped by what escapes: planted, the raw text becomes markup', async () => {
    const kinds = (await markdownNodes(`x ${HOSTILE} y`)).map(({ type }) => type);
    expect(kinds).toEqual(expect.arrayContaining(['html', 'heading', 'code']));
  });

  test.each([HOSTILE, '`', '``a`', ' a ', ''])('stays one piece of code: %j', async (text) => {
    const codes = (await markdownNodes(`x ${markdownCode(text)} y`)).filter(({ type }) => type === 'inlineCode');
    expect(codes.map(({ value = '' }) => value.trim())).toEqual([plainly(text).trim()]);
  });

  test('ends no element of HTML', () => {
    // oxlint-disable-next-line no-control-regex -- what is looked for
    expect(htmlText(HOSTILE)).not.toMatch(/[<>"'\n\u0000\u001b]/);
  });

  test('is a link only to a place on the web', async () => {
    for (const url of ['javascript:alert(1)', 'data:text/html,x', 'report.html', 'https://a b']) {
      expect((await markdownNodes(markdownLink('x', url))).map(({ type }) => type)).not.toContain('link');
    }
    const [link] = (await markdownNodes(markdownLink(HOSTILE, 'https://example.org/r(1)>.html#/s/a~2'))).filter(
      ({ type }) => type === 'link',
    );
    expect(link?.url).toBe('https://example.org/r(1)%3E.html#/s/a~2');
    expect(link === undefined ? '' : textOf(link)).toBe(SHOWN);
  });
});

describe('bounds', () => {
  test('a text that is cut off says so, and is not cut within a character', () => {
    expect(clipped('abcdef', 6)).toBe('abcdef');
    expect(clipped('abcdefg', 6)).toBe('abcde…');
    expect(clipped('abcd\u{1f600}efg', 6)).toBe('abcd…');
  });

  test('as many pieces as fit, and how many did not', () => {
    const told = (left: number): string => `${left} more`;
    expect(fitting(['aa', 'bb'], 6, told)).toEqual(['aa', 'bb']);
    expect(fitting(['aa', 'bb', 'cc', 'dd'], 11, told)).toEqual(['aa', '3 more']);
    expect(fitting(['aaaa', 'bb'], 0, told)).toEqual(['2 more']);
  });
});

describe.each([markdown, github])('$kind', (reporter) => {
  const leftOut = [
    {
      name: 'slow',
      title: '',
      environment: 'embedded',
      lacks: ['netem' as const],
      sentence: "'embedded' lacks it",
      wayOut: '--env docker',
    },
  ];

  test('has a row for each scenario, the worst first, and says what was left out', async () => {
    const text = await print(
      reporter,
      outcome(
        [...repeats('good', ['pass']), ...repeats('odd', ['pass', 'inconclusive']), ...repeats('bad', ['pass', 'fail', 'invalid'])],
        leftOut,
      ),
    );
    const rows = (await markdownNodes(text)).filter(({ type }) => type === 'tableRow').map(({ children = [] }) => children.map(textOf));
    expect(rows.map((cells) => cells.slice(0, 3))).toEqual([
      ['Verdict', 'Scenario', 'Runs'],
      ['✗ fail', 'bad', '1 fail, 1 invalid, 1 pass'],
      ['◐ inconclusive', 'odd', '1 inconclusive, 1 pass'],
      ['✓ pass', 'good', '21 s'],
      ['– left out', 'slow', 'embedded'],
    ]);
    expect(text).toContain('# halfopen: fail\n\n6 runs: 1 fail, 1 invalid, 1 inconclusive, 3 pass · 1 left out');
    expect(text).toContain('--env docker');
  });

  test('names each finding that did not pass once, in how many runs, and the command that replays each run', async () => {
    const text = await print(reporter, outcome(repeats('bad', ['fail', 'pass', 'fail'])));
    expect(text.match(/retries orders->payments/g)).toHaveLength(1);
    expect(text).toContain(
      '✗ **fail** in 2 of 3 runs: `retries orders->payments`: 4 attempts a call reached the edge. (measured 4 ×, expected up to 1.6 ×)',
    );
    expect(text.match(/replay `npx halfopen run/g)).toHaveLength(2);
  });

  test('says why a run without a finding is no pass, and leaves out what decides nothing', async () => {
    const text = await print(
      reporter,
      outcome([
        run({ name: 'broken', verdict: 'invalid', sentence: 'front exited with 7.', findings: [] }),
        run({
          name: 'fine',
          verdict: 'pass',
          sentence: 'All hold.',
          findings: [finding({ reported: true, sentence: 'A threshold was crossed.' })],
        }),
      ]),
    );
    expect(text).toContain('⊘ **invalid**: `the run has a verdict`: front exited with 7.');
    expect(text).not.toContain('A threshold was crossed.');
  });

  test('links each scenario to its worst run where the report has an address', async () => {
    const nodes = await markdownNodes(await print(reporter, outcome(repeats('a b', ['pass', 'fail'])), 'https://example.org/report.html'));
    expect(nodes.flatMap(({ url }) => url ?? [])).toEqual([
      'https://example.org/report.html',
      'https://example.org/report.html#/s/a%20b~2',
    ]);
  });

  test('shows hostile names, titles and sentences as text', async () => {
    const shown = outcome([
      run({
        name: HOSTILE,
        title: HOSTILE,
        sentence: HOSTILE,
        replay: HOSTILE,
        folder: HOSTILE,
        findings: [finding({ measured: HOSTILE, expected: HOSTILE, subject: HOSTILE, sentence: HOSTILE, resolution: HOSTILE })],
      }),
    ]);
    const nodes = await markdownNodes(await print(reporter, shown));
    const kinds = new Set(nodes.map(({ type }) => type));
    for (const kind of ['link', 'image', 'emphasis', 'delete', 'code']) expect(kinds).not.toContain(kind);
    const html = nodes.filter(({ type }) => type === 'html').map(({ value = '' }) => value);
    expect(html.map((text) => text.replace(/<summary>[^<>]*<\/summary>/, ''))).toEqual(
      reporter === github ? ['<details>', '</details>'] : [],
    );
    expect(nodes.filter(({ type }) => type === 'heading')).toHaveLength(reporter === github ? 1 : 2);
    expect(nodes.filter(({ type }) => type === 'tableRow').every(({ children = [] }) => children.length === 4)).toBe(true);
  });

  test('keeps within its limit with 200 scenarios that ran five times, closes what it opens, and says what it left out', async () => {
    const text = await print(reporter, largeOutcome());
    expect(bytesOf(text)).toBeLessThanOrEqual(reporter === github ? 900_000 : 1_000_000);
    expect(bytesOf(text)).toBeGreaterThan(500_000);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
    expect(text).toMatch(/\d+ more scenarios did not pass: report\.html has them\.\n$/);
    for (const name of ['scenario-000', 'scenario-199']) expect(text).toContain(name);
  });

  test('keeps within its limit with more scenarios than a table can hold, those that failed first', async () => {
    const good = Array.from({ length: 5000 }, (_, place) =>
      run({ name: `good-${place}`, verdict: 'pass', sentence: 'S'.repeat(400), findings: [] }),
    );
    const text = await print(reporter, outcome([...good, run({ name: 'bad' })]));
    expect(bytesOf(text)).toBeLessThanOrEqual(reporter === github ? 900_000 : 1_000_000);
    expect(text.indexOf('| bad |')).toBeGreaterThan(0);
    expect(text).toMatch(/\| … \| \d+ more \|/);
    expect(text).toContain('replay `npx halfopen run payments-outage --seed 7`');
  });
});
