// Goal: several folders become one report that says what the whole suite came to, and none of their runs is lost.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Outcome } from '../../harness/model/outcome.ts';
import { halfopen, temporaryFolder } from './halfopen.ts';

const [good, bad] = [temporaryFolder(), temporaryFolder()];
beforeAll(async () => {
  await halfopen(['run', 'holds', '--seed', '7', '--output', good]);
  await halfopen(['run', 'breaks', '--seed', '7', '--output', bad]);
});

function outcomeIn(output: string): Outcome {
  return JSON.parse(readFileSync(join(output, 'outcome.json'), 'utf8')) as Outcome;
}

test('all runs are in one report, with their recordings; that one of them failed does not keep it from being made', async () => {
  const output = temporaryFolder();
  const { code, stdout, stderr } = await halfopen(['merge-reports', good, bad, '-o', output]);
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toContain('2 runs: fail');
  const { verdict, scenarios } = outcomeIn(output);
  expect(verdict).toBe('fail');
  expect(scenarios.map(({ name, verdict: each }) => [name, each])).toEqual([
    ['holds', 'pass'],
    ['breaks', 'fail'],
  ]);
  for (const { folder } of scenarios) expect(existsSync(join(output, folder, 'recording.sqlite'))).toBe(true);
  // What was said of each run before is said of it now.
  const findings = (from: string): unknown => outcomeIn(from).scenarios[0]?.findings;
  expect(scenarios[0]?.findings).toEqual(findings(good));
  expect(scenarios[1]?.findings).toEqual(findings(bad));
  const junit = readFileSync(join(output, 'junit.xml'), 'utf8');
  expect(junit).toContain('holds');
  expect(junit).toContain('breaks');
});

test('a run whose folder is gone is told by what its shard said of it', async () => {
  const [shard, output] = [temporaryFolder(), temporaryFolder()];
  writeFileSync(join(shard, 'outcome.json'), readFileSync(join(bad, 'outcome.json')));
  expect((await halfopen(['merge-reports', shard, '-o', output])).code).toBe(0);
  expect(outcomeIn(output).scenarios).toMatchObject([{ name: 'breaks', verdict: 'fail', folder: '' }]);
});

test('the folder that is read cannot be written to: 2; no results: 2; results without a run: 5', async () => {
  const same = await halfopen(['merge-reports', good, '-o', good]);
  expect([same.code, same.stderr]).toEqual([2, expect.stringContaining("'--output' must be another folder")]);
  expect((await halfopen(['merge-reports', join(good, 'nowhere'), '-o', temporaryFolder()])).code).toBe(2);
  const empty = temporaryFolder();
  writeFileSync(join(empty, 'outcome.json'), JSON.stringify({ schemaVersion: 1, verdict: 'pass', scenarios: [] }));
  expect((await halfopen(['merge-reports', empty, '-o', temporaryFolder()])).code).toBe(5);
});
