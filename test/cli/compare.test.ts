// Goal: stored results stand beside each other, and beside a run's own at its end; the exit code says whether a verdict differs.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { halfopen, temporaryFolder } from './halfopen.ts';

describe('results', () => {
  const before = temporaryFolder();
  const changed = temporaryFolder();
  /** The results of `before` with a text in them replaced. */
  const change = (found: string | RegExp, text: string): void => {
    cpSync(before, changed, { recursive: true });
    const path = join(changed, 'outcome.json');
    const outcome = readFileSync(path, 'utf8');
    const other = outcome.replace(found, text);
    if (other === outcome) throw new Error(`results hold no ${String(found)}`);
    writeFileSync(path, other);
  };
  beforeAll(async () => {
    await halfopen(['run', 'holds', '--seed', '7', '--output', before]);
  });

  test('beside themselves have the same verdicts: 0', async () => {
    const { code, stdout } = await halfopen(['compare', before, join(before, 'outcome.json')]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^holds +pass +pass$/m);
    expect(stdout).not.toContain('≠ pass');
  });

  test('with another verdict are told: 1, in words and as JSON', async () => {
    change(/"verdict": "pass",\n( *)"sentence"/, '"verdict": "fail",\n$1"sentence"');
    const { code, stdout } = await halfopen(['compare', before, changed]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^holds +pass +≠ fail$/m);
    const told = await halfopen(['compare', before, changed, '--json']);
    expect(told.code).toBe(1);
    expect(JSON.parse(told.stdout)).toMatchObject({
      scenarios: [{ name: 'holds', verdict: { cells: [{ text: 'pass' }, { text: 'fail' }] } }],
    });
  });

  test('of environments are called by them', async () => {
    change('"environment": "embedded"', '"environment": "docker"');
    const { stdout } = await halfopen(['compare', before, changed]);
    expect(stdout.split('\n')[0]).toMatch(/^ +embedded +docker$/);
  });

  test('of other scenarios have nothing in common: 5', async () => {
    change('"name": "holds"', '"name": "other"');
    const { code, stdout } = await halfopen(['compare', before, changed]);
    expect(code).toBe(5);
    expect(stdout).toContain(`holds  not in ${changed}`);
  });

  test.each([
    ['that are not there', () => [before, join(before, 'nowhere')], 'nowhere'],
    ['that are no results', () => [before, join(before, 'report.html')], 'report.html'],
    ['that stand alone', () => [before], 'at least two'],
  ] as const)('%s: 2', async (_, args, named) => {
    const { code, stderr } = await halfopen(['compare', ...args()]);
    expect(code).toBe(2);
    expect(stderr).toContain(named);
  });

  test('stand at the end of a run that is compared with them, and what is wrong is said before it starts', async () => {
    const { code, stdout } = await halfopen(['run', 'holds', '--seed', '7', '--output', temporaryFolder(), '--compare', before]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +\S+ +this run$/m);
    expect(stdout).toMatch(/^holds +pass +pass/m);
    const wrong = await halfopen(['run', 'holds', '--compare', join(before, 'nowhere'), '--output', temporaryFolder()]);
    expect(wrong.code).toBe(2);
    expect(wrong.stdout).not.toContain('phase');
  });
});
