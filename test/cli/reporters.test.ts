// Goal: what a CI reads gets there, in every format, without a secret; and reporters of somebody's own can neither lose nor change results.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../harness/model/outcome.ts';
import type { Reporter } from '../../harness/report/contract.ts';
import { reporters } from '../../harness/report/index.ts';
import { filesUnder, fixture, halfopen, readJson, temporaryFolder } from './halfopen.ts';

describe('a job of GitHub', () => {
  test('gets annotations in its log and a summary behind what stood there, without being asked', async () => {
    const output = temporaryFolder();
    const summary = join(temporaryFolder(), 'summary.md');
    writeFileSync(summary, 'before\n');
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary };
    const { code, stdout } = await halfopen(['run', 'breaks', '--seed', '11', '--output', output], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^::error file=fixtures\/cli\/scenarios\/breaks\.chaos\.ts,title=breaks%3A availability call%3A fail::.*%0Areplay: npx halfopen run breaks --seed 11$/m,
    );
    expect(readFileSync(summary, 'utf8')).toBe(`before\n${readFileSync(join(output, 'github-summary.md'), 'utf8')}`);
    expect(readFileSync(summary, 'utf8')).toContain('| ✗ fail | breaks |');
    for (const file of ['report.html', 'junit.xml', 'outcome.json', 'github-annotations.txt'])
      expect(existsSync(join(output, file))).toBe(true);
    expect((readJson(join(output, 'outcome.json')) as Outcome).scenarios[0]?.file).toBe('scenarios/breaks.chaos.ts');
  });
});

describe('a reporter of somebody’s own', () => {
  const folder = temporaryFolder();
  const module = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('is called in order, and writes its files beside all others; one that fails is told, ends with 3, loses nothing and changes no verdict', async () => {
    const output = temporaryFolder();
    const good = module(
      'good.ts',
      `import type { CustomReporter } from 'halfopen';
       const calls: string[] = [];
       const reporter: CustomReporter = {
         onBegin({ runs, environment }) { calls.push(\`begin \${runs.map(({ name }) => name).join()} \${environment}\`); },
         onRunEnd({ outcome, judged }) { calls.push(\`\${outcome.verdict} \${(judged?.recording.requests.length ?? 0) > 0}\`); },
         async onEnd({ verdict }) { return { 'own.txt': [...calls, \`end \${verdict}\`].join('\\n') }; },
       };
       export default reporter;`,
    );
    const bad = module(
      'bad.ts',
      `export default () => ({
         onRunEnd({ outcome }) { outcome.verdict = 'fail'; },
       });`,
    );
    const stray = module('stray.mjs', `export default { onEnd() { void Promise.reject(new Error('nobody waits')); } };`);
    const taken = module('taken.mjs', `export default { onEnd: () => ({ 'junit.xml': '' }) };`);
    const names = [...Object.keys(reporters), bad, stray, taken, good].join(',');
    const secret = ['--set', 'front.API_KEY=planted-on-the-command-line'];
    const { code, stdout } = await halfopen(['run', 'holds', '--reporter', names, '--output', output, ...secret]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/The reporter \S*bad\.ts failed in onRunEnd, and is not called again: it threw TypeError: .*read only/);
    expect(stdout).toContain('nobody waits');
    expect(stdout).toMatch(/The reporter \S*taken\.mjs failed in onEnd.*another reporter has written a file of this name/);
    expect(readFileSync(join(output, 'own.txt'), 'utf8')).toBe('begin holds embedded\npass true\nend pass');
    expect((readJson(join(output, 'outcome.json')) as Outcome).verdict).toBe('pass');
    expect(readFileSync(join(output, 'junit.xml'), 'utf8')).toContain('failures="0" errors="0"');
    expect(filesUnder(output).map((path) => basename(path))).toContain('recording.sqlite');
    const files = Object.values(reporters).flatMap((reporter: Reporter) => [reporter, ...(reporter.beside ?? [])].map(({ file }) => file));
    expect(files).toHaveLength(10);
    for (const file of files) {
      const text = readFileSync(join(output, file), 'utf8');
      expect(text, file).not.toContain('planted-');
      expect(text, file).not.toContain(fixture);
    }
  });

  test('that cannot be read is wrong use: all problems at once, nothing is started', async () => {
    const empty = module('empty.mjs', 'export default {};');
    const output = join(temporaryFolder(), 'none');
    const { code, stderr } = await halfopen(['run', 'holds', '--reporter', `jnuit,./missing.ts,${empty}`, '--output', output]);
    expect(code).toBe(2);
    expect(stderr).toContain("did you mean 'junit'?");
    expect(stderr).toContain('./missing.ts, which is no file');
    expect(stderr).toContain('onBegin, onRunEnd, onEnd');
    expect(existsSync(output)).toBe(false);
  });
});
