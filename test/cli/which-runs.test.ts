// Goal: what runs, and how often, is what was asked for: a shard, what failed last, or until the SLOs are decided.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../harness/model/outcome.ts';
import { halfopen, temporaryFolder } from './halfopen.ts';

function outcomeIn(output: string): Outcome {
  return JSON.parse(readFileSync(join(output, 'outcome.json'), 'utf8')) as Outcome;
}

describe('until decided', () => {
  test('runs stop when the SLOs are decided, and their answer is the exit code; the gate says the same of what is stored', async () => {
    const output = temporaryFolder();
    const words = ['--config', 'decided.config.ts'];
    const { code, stdout, stderr } = await halfopen(['run', 'holds', '--until-decided', '--max', '9', ...words, '--output', output]);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toContain('mostly-served: availability during recovery is at least 50 % in at least 50 % of the runs (confidence 60 %)');
    expect(stdout).toContain('holds: 2 of 2 runs kept it: decided (looked at after each run, with an error of at most 40 %)');
    expect(outcomeIn(output).scenarios.map(({ seed }) => seed)).toHaveLength(2);
    const gated = await halfopen(['gate', output, ...words]);
    expect(gated.code, gated.stdout).toBe(0);
    const saved = await halfopen(['gate', output, ...words, '--json']);
    expect(JSON.parse(saved.stdout)).toMatchObject({ answer: 'pass', findings: [{ counts: { met: 2 } }] });
  });

  test.each([
    [['--until-decided'], 'config › slos: expected at least one SLO for --until-decided, found none'],
    [['--until-decided', '--repeat', '3'], '--repeat: expected nothing beside --until-decided, found 3'],
    [['--until-decided', '--shard', '1/2'], '--shard: expected nothing beside --until-decided'],
    [['--max', '3'], '--max: expected --until-decided beside it, found 3'],
    [['--shard', '3/2'], '--shard: expected a part of all'],
  ])('%j: 2, and nothing is started', async (words, problem) => {
    const { code, stderr } = await halfopen(['run', 'holds', ...words, '--output', temporaryFolder()]);
    expect(code).toBe(2);
    expect(stderr).toContain(problem);
  });
});

describe('what failed last', () => {
  /** Results in which `holds` ended so. */
  function results(verdict: string): string {
    const output = temporaryFolder();
    const run = {
      name: 'holds',
      title: 'A title',
      verdict,
      sentence: '',
      seed: 1,
      runId: '',
      folder: '',
      durationMs: 1,
      replay: '',
      findings: [],
    };
    writeFileSync(join(output, 'outcome.json'), JSON.stringify({ schemaVersion: 1, verdict, scenarios: [run] }));
    return output;
  }

  test('is run again, and nothing else', async () => {
    const output = results('inconclusive');
    const { code, stdout, stderr } = await halfopen(['run', '--last-failed', '--output', output]);
    expect(code, stdout + stderr).toBe(0);
    expect(outcomeIn(output).scenarios.map(({ name }) => name)).toEqual(['holds']);
  });

  test('nothing: 5; no results: 2', async () => {
    const passed = await halfopen(['run', '--last-failed', '--output', results('pass')]);
    expect(passed.code).toBe(5);
    expect(passed.stderr).toContain('None of the chosen scenarios failed in the last run');
    const none = await halfopen(['run', '--last-failed', '--output', join(temporaryFolder(), 'none')]);
    expect(none.code).toBe(2);
  });
});

test('shards are together all that was planned', async () => {
  const outputs = [temporaryFolder(), temporaryFolder()];
  for (const [index, output] of outputs.entries()) {
    const words = ['--repeat', '2', '--seed', '7', '--shard', `${index + 1}/2`, '--output', output];
    expect((await halfopen(['run', 'holds', ...words])).code).toBe(0);
  }
  expect(outputs.flatMap((output) => outcomeIn(output).scenarios.map(({ seed }) => seed)).sort((a, b) => a - b)).toEqual([7, 8]);
});
