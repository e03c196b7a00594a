// Goal: whatever is typed, configured or declared wrongly is refused with all its problems and a way out, before anything is started.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import pairScenario from '../../fixtures/cli/scenarios/holds.chaos.ts';
import { fixture, halfopen, temporaryFolder, temporaryProject } from './halfopen.ts';

const asJson = (change: object): string => JSON.stringify({ ...pairScenario, ...change });

describe('the command line', () => {
  test.each([
    [['rnu'], 'Did you mean run?'],
    [['run', '--sed', '4'], '--seed'],
    [['plan', 'holds', '--jsn'], '--json'],
    [['doctor', 'now'], 'too many arguments'],
  ])('%s is refused, and the near one named', async (args, hint) => {
    const { code, stderr } = await halfopen(args);
    expect(code).toBe(2);
    expect(stderr).toContain(hint);
  });

  test('wrong values are told all at once', async () => {
    const args = ['run', '--pace', 'fats', '--env', 'embeded', '--seed', '-1', '--repeat', '0', '--set', 'front', '--reporter', 'htm'];
    const { code, stderr } = await halfopen(args);
    expect(code).toBe(2);
    for (const text of [
      '--pace: expected one of full, fast',
      "did you mean 'fast'?",
      "did you mean 'embedded'?",
      '--repeat: expected a whole number',
      '--set: expected service.VAR=value',
      "did you mean 'html'?",
      '--seed',
    ]) {
      expect(stderr).toContain(text);
    }
  });

  test('a variable of a service that does not exist is refused, and the near one named', async () => {
    const { code, stderr } = await halfopen(['run', 'holds', '--set', 'frnt.MODE=exits', '--set', 'nobody.X=1']);
    expect(code).toBe(2);
    expect(stderr).toContain("did you mean 'front'?");
    expect(stderr).toContain('found "nobody"');
  });

  test('a pattern that is no regular expression is refused', async () => {
    const { code, stderr } = await halfopen(['run', '-g', '(']);
    expect(code).toBe(2);
    expect(stderr).toContain('--grep');
  });

  test('each command explains itself, with examples', async () => {
    for (const command of ['run', 'plan', 'list', 'analyze', 'report', 'init', 'doctor', 'clean', 'compare', 'compose', 'k6', 'proxy']) {
      const { code, stdout } = await halfopen([command, '--help']);
      expect(code, command).toBe(0);
      expect(stdout, command).toContain('Examples:');
      expect(stdout, command).toContain(`halfopen ${command}`);
    }
  });

  test('a proxy for other machines has to be allowed', async () => {
    const { code, stderr } = await halfopen(['proxy', '--host', '0.0.0.0', '--port', '0']);
    expect(code).toBe(2);
    expect(stderr).toContain('--allow-non-loopback');
  });
});

describe('choosing', () => {
  test('what matches nothing ends with 5 and what there is', async () => {
    const { code, stderr } = await halfopen(['run', 'hold5', 'breaks']);
    expect(code).toBe(5);
    expect(stderr).toContain("did you mean 'holds'?");
    expect(stderr).toContain('unfelt');
  });

  test('a tag that nothing has ends with 5', async () => {
    expect((await halfopen(['run', '-g', '@nothing'])).code).toBe(5);
  });

  test('a project without scenarios ends with 5 and says how to begin', async () => {
    const { code, stderr } = await halfopen(['run'], { cwd: temporaryProject({}) });
    expect(code).toBe(5);
    expect(stderr).toContain('halfopen init');
  });

  test('names, paths and tags choose', async () => {
    const listed = async (...args: string[]): Promise<string[]> =>
      (JSON.parse((await halfopen(['list', '--json', ...args])).stdout) as { name: string }[]).map(({ name }) => name);
    expect(await listed()).toEqual(['breaks', 'holds', 'unfelt']);
    expect(await listed('scenarios/holds.chaos.ts')).toEqual(['holds']);
    expect(await listed('-g', '@BAD')).toEqual(['breaks', 'unfelt']);
    const { code, stdout } = await halfopen(['run', 'hold', '--list']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^holds {2}The front says so/);
    expect(stdout).not.toContain('breaks');
  });
});

describe('what is declared', () => {
  test('all problems of all files are told at once, and nothing is started', async () => {
    const cwd = temporaryProject({
      'halfopen.config.js': "export default { scenarios: ['scenarios'], output: 'out' };",
      'scenarios/throws.chaos.ts': "import 'halfopen';\n\nthrow new Error('no such thing');\n",
      'scenarios/nothing.chaos.js': 'export {};',
      'scenarios/named.chaos.mjs': 'export const scenario = {};',
      'scenarios/broken.chaos.json': '{ "schemaVersion": ',
      'scenarios/typo.chaos.ts': 'export default 5 5;',
      'scenarios/one/twin.chaos.json': asJson({}),
      'scenarios/two/twin.chaos.json': asJson({}),
    });
    const { code, stderr } = await halfopen(['run'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(/throws\.chaos\.ts: .*no such thing \(.*throws\.chaos\.ts:3/);
    expect(stderr).toMatch(/nothing\.chaos\.js: expected a scenario as its default export.*no export at all/);
    expect(stderr).toMatch(/named\.chaos\.mjs: .*only the exports scenario/);
    expect(stderr).toMatch(/broken\.chaos\.json: .*SyntaxError/);
    expect(stderr).toMatch(/typo\.chaos\.ts: .*SyntaxError/);
    expect(stderr).toMatch(/two\/twin\.chaos\.json: expected a name of its own, found 'twin', as in scenarios\/one/);
    expect(existsSync(join(cwd, 'out'))).toBe(false);
  });

  test('a misspelt edge, two faults of one name and impossible times are told at once, with their paths', async () => {
    const storm = { name: 'storm', inject: { kind: 'http-status', edge: 'front->bakc', status: 503, target: {} }, from: '-1s', for: '0s' };
    const cwd = temporaryProject({
      'scenarios/wrong.chaos.json': asJson({
        faults: [storm, { ...storm, from: '0s', for: '5h' }],
        timeline: { warmupMs: 0, baselineMs: 0, recoveryMs: 1000 },
      }),
    });
    const { code, stderr } = await halfopen(['run', '--output', 'out'], { cwd });
    expect(code).toBe(2);
    for (const text of [
      'faults[0].inject.edge',
      "did you mean 'front->back'?",
      'faults[0].from',
      'faults[0].for',
      'faults[1].for',
      'faults[1].name',
      'timeline.baselineMs',
    ]) {
      expect(stderr).toContain(text);
    }
    expect(stderr).toContain('scenarios/wrong.chaos.json › ');
    expect(existsSync(join(cwd, 'out'))).toBe(false);
  });

  test('a negative rate and a fault that no run is long enough for are told by plan as well', async () => {
    const load = { ...pairScenario.load, arrivals: { kind: 'constant', ratePerSecond: -3 } };
    const cwd = temporaryProject({ 'scenarios/wrong.chaos.json': asJson({ load }) });
    const { code, stderr } = await halfopen(['plan', 'wrong'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('ratePerSecond');
  });

  test.each([
    ['is no TypeScript', 'export default {{', 'SyntaxError'],
    ['throws', "throw new RangeError('half past');", 'half past'],
    ['exports nothing', 'export const config = {};', 'default export'],
    ['has unknown fields', 'export default { outptu: "x", reporters: 5 };', "did you mean 'output'?"],
    ['names a folder that is not there', "export default { scenarios: ['elsewhere'] };", 'scenarios[0]'],
    ['names a reporter that is not there', "export default { reporters: ['hmtl'] };", "did you mean 'html'?"],
  ])('a configuration that %s is refused', async (_, text, hint) => {
    const { code, stderr } = await halfopen(['run'], {
      cwd: temporaryProject({
        'halfopen.config.ts': text,
        'scenarios/a.chaos.json': asJson({}),
        ...(hint === 'scenarios[0]' ? { 'scenarios/.keep': '' } : {}),
      }),
    });
    expect(code).toBe(2);
    expect(stderr).toContain(hint);
  });

  test('a configuration that does not exist is refused', async () => {
    const { code, stderr } = await halfopen(['list', '-c', 'nowhere.config.ts']);
    expect(code).toBe(2);
    expect(stderr).toContain('does not exist');
  });

  test('a scenario that waits for ever on import does not end in silence', async () => {
    const { code, stderr } = await halfopen(['list'], {
      cwd: temporaryProject({ 'scenarios/waits.chaos.js': 'await new Promise(() => {});' }),
    });
    expect(code).toBe(2);
    expect(stderr).toContain('waits for what never comes');
  });

  test('a project in a folder above is found from below', async () => {
    const { code, stdout } = await halfopen(['list'], { cwd: join(fixture, 'scenarios') });
    expect(code).toBe(0);
    expect(stdout).toContain('holds');
  });
});

describe('where results go', () => {
  test('an output folder that cannot be is refused before anything is started', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const { code, stdout, stderr } = await halfopen(['run', 'holds', '--output', join(folder, 'file', 'below')]);
    expect(code).toBe(3);
    expect(stderr).toContain('--output');
    expect(stdout).toBe('');
  });

  test('a file that is no recording of halfopen is refused by analyze', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'foreign'), 'SQLite format 3\0 and then nonsense');
    writeFileSync(join(folder, 'empty'), '');
    mkdirSync(join(folder, 'bare'));
    for (const name of ['foreign', 'empty', 'bare', 'missing']) {
      const { code, stderr } = await halfopen(['analyze', join(folder, name)]);
      expect(code, name).toBe(2);
      expect(stderr, name).toContain(join(folder, name));
    }
  });

  test('a report that is not there ends with 5 and says how to make one', async () => {
    const { code, stderr } = await halfopen(['report', temporaryFolder()]);
    expect(code).toBe(5);
    expect(stderr).toContain('halfopen run');
  });
});
