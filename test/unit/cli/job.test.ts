// Goal: what reports say of their surroundings is so, and a job's summary gets the text only where it will be shown.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { handOn, surroundingsOf } from '../../../harness/cli/job.ts';
import { ownVersion } from '../../../harness/cli/version.ts';
import type { Problem } from '../../../harness/model/problem.ts';
import type { Surroundings } from '../../../harness/report/contract.ts';

const root = mkdtempSync(join(tmpdir(), 'halfopen-job-'));
const project = join(root, 'services', 'shop');
mkdirSync(project, { recursive: true });
mkdirSync(join(root, '.git'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function surroundings(env: Readonly<Record<string, string>>, folder = project): readonly [Surroundings, readonly Problem[]] {
  const problems: Problem[] = [];
  return [surroundingsOf({ folder, output: join(folder, 'reports'), env }, problems), problems];
}

describe('surroundings', () => {
  test('the project’s place is counted from the repository around it', () => {
    expect(surroundings({})).toEqual([{ version: ownVersion(), projectPrefix: 'services/shop/' }, []]);
    expect(surroundings({}, root)[0].projectPrefix).toBe('');
  });

  test('a job of GitLab has an address for the report, if the report is among its files', () => {
    const env = { CI_JOB_URL: 'https://gitlab.example/a/b/-/jobs/17', CI_PROJECT_DIR: root };
    expect(surroundings(env)[0].reportUrl).toBe('https://gitlab.example/a/b/-/jobs/17/artifacts/file/services/shop/reports/report.html');
    expect(surroundings({ ...env, CI_PROJECT_DIR: join(root, 'other') })[0].reportUrl).toBeUndefined();
    expect(surroundings({ ...env, HALFOPEN_REPORT_URL: 'https://pages.example/r' })[0].reportUrl).toBe('https://pages.example/r');
  });

  test.each(['report.html', 'javascript:alert(1)', ''])('an address that is none is a problem: %j', (url) => {
    expect(surroundings({ HALFOPEN_REPORT_URL: url })[1].map(({ path }) => path)).toEqual(['HALFOPEN_REPORT_URL']);
  });
});

describe('a step’s summary', () => {
  const path = join(root, 'summary.md');

  test('gets the text behind what stands there', () => {
    writeFileSync(path, 'before\n');
    handOn('step-summary', 'ours\n', { GITHUB_STEP_SUMMARY: path });
    expect(readFileSync(path, 'utf8')).toBe('before\nours\n');
  });

  test('gets nothing that would make GitHub drop it whole', () => {
    writeFileSync(path, 'x'.repeat(1024 ** 2 - 4));
    expect(() => handOn('step-summary', 'ours\n', { GITHUB_STEP_SUMMARY: path })).toThrow(
      /must stay within 1048576 bytes: it would have 1048577/,
    );
    expect(readFileSync(path).byteLength).toBe(1024 ** 2 - 4);
  });

  test('that cannot be written is told', () => {
    expect(() => handOn('step-summary', 'ours\n', { GITHUB_STEP_SUMMARY: root })).toThrow(/Cannot add to the step's summary/);
  });

  test('is nobody’s business elsewhere', () => {
    writeFileSync(path, 'before\n');
    handOn('step-summary', 'ours\n', {});
    handOn('step-summary', 'ours\n', { GITHUB_STEP_SUMMARY: '' });
    expect(readFileSync(path, 'utf8')).toBe('before\n');
  });
});
