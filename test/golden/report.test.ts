import { expect, test } from 'vitest';
import { censoredRun, failingRun, inconclusiveRun, invalidRun, outcomeOf, passingRun } from '../../fixtures/recordings/index.ts';
import type { Reporter } from '../../harness/report/contract.ts';
import { reporters } from '../../harness/report/index.ts';

const runs = [passingRun(0), failingRun(1), invalidRun(2), inconclusiveRun(3), censoredRun(4)];

/** The files that the reporters wrote when they were last looked at; `vitest -u` takes new ones. */
test.each(['json', 'junit'] as const)('%s prints the canned runs as it did', async (kind) => {
  const reporter = reporters[kind];
  const text = await reporter.render(outcomeOf(runs), runs.map((run) => reporter.digest(run)) as never);
  await expect(text).toMatchFileSnapshot(`./report/${reporter.file}.golden`);
});

/** As above, of reporters that write short texts for people and for a CI. */
test.each(['github', 'gitlab', 'markdown'] as const)('%s prints the canned runs as it did', async (kind) => {
  const reporter: Reporter = reporters[kind] as Reporter;
  const surroundings = { version: '0.1.0', projectPrefix: 'services/shop/', reportUrl: 'https://ci.example.org/report.html' };
  for (const file of [reporter, ...(reporter.beside ?? [])]) {
    const text = await file.render(
      outcomeOf(runs),
      runs.map((run) => reporter.digest(run)),
      surroundings,
    );
    await expect(text).toMatchFileSnapshot(`./report/${file.file}.golden`);
  }
});

test('the counts in the JUnit file’s head are those of its cases', async () => {
  const xml = await reporters.junit.render(
    outcomeOf(runs),
    runs.map((run) => reporters.junit.digest(run)),
  );
  const attribute = (name: string): number => Number(new RegExp(`<testsuites[^>]* ${name}="(\\d+)"`).exec(xml)?.[1]);
  const count = (tag: string): number => xml.match(new RegExp(`<${tag}[ >]`, 'g'))?.length ?? 0;
  expect(attribute('tests')).toBe(count('testcase'));
  expect(attribute('failures')).toBe(count('failure'));
  expect(attribute('errors')).toBe(count('error'));
  expect(attribute('failures')).toBe(2);
  expect(attribute('errors')).toBeGreaterThan(2);
});
