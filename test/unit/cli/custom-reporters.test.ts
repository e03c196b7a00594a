// Goal: whatever a reporter of somebody's own does, it is told, the others are heard, and nothing that they read has changed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { failingRun, outcomeOf } from '../../../fixtures/recordings/index.ts';
import { Audience, isReporterPath, loadCustomReporter } from '../../../harness/cli/custom-reporters.ts';
import type { CustomReporter, EndedRun, SuiteAhead } from '../../../harness/model/custom-reporter.ts';
import type { Problem } from '../../../harness/model/problem.ts';

const ahead: SuiteAhead = { runs: [{ name: 'a', title: 'A', tags: [], seed: 7 }], environment: 'embedded', output: '/out' };

function endedRun(): EndedRun {
  const { recording, verdict } = failingRun();
  const [outcome] = outcomeOf([{ recording, verdict, index: 0 }]).scenarios;
  if (outcome === undefined) throw new Error('the canned run has an outcome');
  return { index: 0, outcome, judged: { recording, verdict } };
}

interface Heard {
  readonly said: readonly string[];
  readonly files: ReadonlyMap<string, string>;
  readonly isTroubled: boolean;
}

/** One whole suite before these reporters, by their labels. */
async function hear(reporters: Readonly<Record<string, CustomReporter>>): Promise<Heard> {
  const said: string[] = [];
  const files = new Map<string, string>();
  const named = Object.entries(reporters).map(([label, reporter]) => ({ label, reporter }));
  using audience = new Audience(named, { onTrouble: (text) => said.push(text), hookMs: 50 });
  const run = endedRun();
  await audience.begin(ahead);
  await audience.runEnded(run);
  await audience.end(outcomeOf([]), (file, text) => files.set(file, text));
  return { said, files, isTroubled: audience.isTroubled };
}

describe('an audience', () => {
  test('hears of the suite, each run and the end, in this order, and its files are written', async () => {
    const calls: string[] = [];
    const heard = await hear({
      './slow.ts': {
        onBegin: async ({ runs }) => {
          await Promise.resolve();
          calls.push(`begin ${runs.length}`);
        },
        onRunEnd: ({ outcome, judged }) => void calls.push(`${outcome.verdict} ${judged?.recording.run.runId}`),
        onEnd: async ({ verdict }) => Promise.resolve({ 'own.txt': verdict }),
      },
      './nothing.ts': { onEnd: () => undefined },
    });
    expect(calls).toEqual(['begin 1', 'fail failing-0']);
    expect(heard).toEqual({ said: [], files: new Map([['own.txt', 'inconclusive']]), isTroubled: false });
  });

  const failures: readonly (readonly [string, CustomReporter, RegExp])[] = [
    [
      'throws',
      {
        onBegin: () => {
          throw new TypeError('no such channel');
        },
      },
      /\.\/bad\.ts failed in onBegin, and is not called again: it threw TypeError: no such channel/,
    ],
    [
      'throws no error',
      {
        onBegin: () => {
          // oxlint-disable-next-line typescript/only-throw-error -- what somebody else's code may do
          throw 'text';
        },
      },
      /failed in onBegin.*it threw text/,
    ],
    ['rejects', { onRunEnd: () => Promise.reject(new Error('503')) }, /failed in onRunEnd.*503/],
    ['never ends', { onRunEnd: () => new Promise(() => {}) }, /failed in onRunEnd.*did not end within 0\.05 s/],
    [
      'changes the verdict',
      { onRunEnd: ({ outcome }) => void Object.assign(outcome, { verdict: 'pass' }) },
      /failed in onRunEnd.*read only/,
    ],
    [
      'changes what was seen',
      { onRunEnd: ({ judged }) => void (judged === null ? 0 : (judged.recording.requests as unknown[]).pop()) },
      /failed in onRunEnd.*TypeError/,
    ],
    ['returns no texts', { onEnd: () => 7 as never }, /failed in onEnd.*texts by file name.*7/],
    ['returns a file that is no text', { onEnd: () => ({ 'a.txt': 7 }) as never }, /failed in onEnd.*a\.txt must be a text/],
    ['writes elsewhere', { onEnd: () => ({ '../a.txt': 'x' }) }, /failed in onEnd.*it is "\.\.\/a\.txt"/],
    ['does not wait for what fails', { onEnd: () => void Promise.reject(new Error('stray')) }, /nobody waits for failed.*stray/],
  ];
  test.each(failures)('that %s is told, and the others are heard', async (_, bad, why) => {
    const calls: string[] = [];
    const note = (name: string) => (): void => void calls.push(name);
    const heard = await hear({ './bad.ts': bad, './good.ts': { onBegin: note('begin'), onRunEnd: note('run'), onEnd: note('end') } });
    expect(heard.said).toEqual([expect.stringMatching(why)]);
    expect(heard.isTroubled).toBe(true);
    expect(calls).toEqual(['begin', 'run', 'end']);
  });

  test('calls a reporter that failed no more', async () => {
    const calls: string[] = [];
    await hear({
      './bad.ts': {
        onBegin: () => {
          throw new Error('x');
        },
        onRunEnd: () => void calls.push('run'),
        onEnd: () => void calls.push('end'),
      },
    });
    expect(calls).toEqual([]);
  });
});

describe('a path', () => {
  test.each(['./a', '../a.ts', '/a/b', 'reporters/slack', 'slack.ts', 'slack.mjs', 'slack.js'])('is %s', (name) => {
    expect(isReporterPath(name)).toBe(true);
  });
  test.each(['junit', 'terminal', 'slack', 'a.md'])('is not %s', (name) => {
    expect(isReporterPath(name)).toBe(false);
  });
});

describe('a module', () => {
  const folder = mkdtempSync(join(tmpdir(), 'halfopen-reporters-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const load = async (name: string, text: string): Promise<{ readonly isLoaded: boolean; readonly problems: readonly Problem[] }> => {
    writeFileSync(join(folder, name), text);
    const problems: Problem[] = [];
    const loaded = await loadCustomReporter({ name: `./${name}`, folder, place: '--reporter' }, problems);
    return { isLoaded: loaded !== null, problems };
  };

  test.each([
    ['object.ts', 'const reporter: { onEnd(): void } = { onEnd() {} }; export default reporter;'],
    ['factory.mjs', 'export default () => ({ onEnd() {} });'],
    ['async.mjs', 'export default async () => ({ onBegin() {} });'],
    ['instance.mjs', 'class R { onEnd() {} }\nexport default new R();'],
  ])('makes a reporter: %s', async (name, text) => {
    expect(await load(name, text)).toEqual({ isLoaded: true, problems: [] });
  });

  test.each([
    ['throws.mjs', 'throw new Error("planted");', /planted/],
    ['syntax.mjs', 'export default {', /it threw/],
    ['none.mjs', 'export const onEnd = () => {};', /nothing/],
    ['empty.mjs', 'export default {};', /none of them/],
    ['wrong.mjs', 'export default { onEnd: 7 };', /onEnd as 7/],
    ['class.mjs', 'export default class { onEnd() {} }', /cannot be invoked without 'new'/],
  ])('is refused with the reason: %s', async (name, text, why) => {
    const { isLoaded, problems } = await load(name, text);
    expect(isLoaded).toBe(false);
    expect(problems).toEqual([
      { path: '--reporter', expected: expect.stringContaining(name) as string, found: expect.stringMatching(why) as string },
    ]);
  });
});
