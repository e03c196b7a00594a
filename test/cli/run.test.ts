// Goal: a run ends with the documented exit code, says first what broke, keeps its results, and lets no secret into them.
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../harness/model/outcome.ts';
import { filesUnder, halfopen, readJson, runFolder, start, temporaryFolder } from './halfopen.ts';

/** A file with what it holds packed. */
function unpacked(path: string): string {
  const text = readFileSync(path, 'latin1');
  const packed = [...text.matchAll(/<script type="application\/octet-stream"[^>]*>([^<]+)<\/script>/g)];
  return [text, ...packed.map(([, data = '']) => gunzipSync(Buffer.from(data, 'base64')).toString('utf8'))].join('\n');
}

describe('a run that holds', () => {
  test('ends with 0, writes every result, and holds no secret that was planted in headers, paths, bodies, variables and logs', async () => {
    const output = temporaryFolder();
    const { code, stdout, stderr } = await halfopen([
      'run',
      'holds',
      '--seed',
      '7',
      '--output',
      output,
      '--set',
      'front.API_KEY=planted-on-the-command-line',
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toContain('seed 7');
    expect(stdout).toContain(join(output, 'report.html'));
    const folder = runFolder(output, 'holds');
    const written = filesUnder(output).map((path) => path.slice(output.length + 1));
    const inRun = ['plan.json', 'recording.sqlite', 'outcome.json', 'logs/front.log', 'logs/back.log'].map((file) =>
      join('holds', basename(folder), file),
    );
    expect(written).toEqual(expect.arrayContaining(['report.html', 'junit.xml', 'outcome.json', ...inRun]));
    expect(readlinkSync(join(output, 'holds/latest'))).toBe(basename(folder));

    // The log says that the service printed its secret: what is missing there was taken out.
    expect(readFileSync(join(folder, 'logs/front.log'), 'utf8')).toContain('calling with Authorization');
    expect(unpacked(join(output, 'report.html'))).toContain('"bucketMs"');
    for (const path of filesUnder(output)) expect(unpacked(path), path).not.toContain('planted-');
    expect(stdout).not.toContain('planted-');
    expect(stdout).not.toContain('\u001b');

    const again = await halfopen(['analyze', folder, '--json']);
    expect(again.code).toBe(0);
    const judged = (JSON.parse(again.stdout) as Outcome).scenarios[0]?.findings;
    expect(judged).toEqual((readJson(join(output, 'outcome.json')) as Outcome).scenarios[0]?.findings);

    // A copy that was cut off in the middle is no recording, and is told so.
    const cut = join(temporaryFolder(), 'cut.sqlite');
    const whole = readFileSync(join(folder, 'recording.sqlite'));
    writeFileSync(cut, whole.subarray(0, Math.floor(whole.length / 2)));
    const refused = await halfopen(['analyze', cut]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(cut);
  });
});

describe('runs that do not', () => {
  test('one that fails ends with 1, first says expected, measured and the command that replays it, and the others run as well', async () => {
    const output = temporaryFolder();
    const args = ['run', 'breaks', 'unfelt', '--seed', '11', '--set', 'front.API_KEY=planted', '--output', output];
    const { code, stdout } = await halfopen(args, { env: { FORCE_COLOR: '1' } });
    expect(code).toBe(1);
    // oxlint-disable-next-line no-control-regex -- colours are what is looked for
    expect(stdout).toMatch(/\u001b\[31m✗ fail breaks/);
    // oxlint-disable-next-line no-control-regex -- as above
    const plain = stdout.replace(/\u001b\[\d+m/g, '');
    const first = plain.split('\n').find((line) => line.startsWith('✗ fail'));
    expect(first).toMatch(
      /^✗ fail breaks: availability call: .*expected .* · replay: npx halfopen run breaks --seed 11 --set 'front\.API_KEY=\[redacted\]'$/,
    );
    expect(plain).toMatch(/invalid unfelt: .*fault-was-felt idle/);
    const outcome = readJson(join(output, 'outcome.json')) as Outcome;
    expect(outcome.verdict).toBe('fail');
    expect(outcome.scenarios.map(({ verdict }) => verdict)).toEqual(['fail', 'invalid']);
    expect(readFileSync(join(output, 'junit.xml'), 'utf8')).toContain('<failure');
    expect((await halfopen(['analyze', runFolder(output, 'breaks')])).code).toBe(1);
  });

  test('a fault on an edge that nothing passes ends with 4: invalid, never felt', async () => {
    const { code, stdout } = await halfopen(['run', 'unfelt', '--output', temporaryFolder()]);
    expect(code).toBe(4);
    expect(stdout).toContain('fault never felt');
  });

  test.each([
    ['exits', 'front: cannot read its settings', 'code 7'],
    ['never-ready', '/readyz answered 503', 'front'],
  ])('a service that %s ends with 3 and says why; what was seen is kept, and never a pass', async (mode, why, also) => {
    const output = temporaryFolder();
    const { code, stdout } = await halfopen(['run', 'holds', '--set', `front.MODE=${mode}`, '--output', output]);
    expect(code).toBe(3);
    expect(stdout).toContain(why);
    expect(stdout).toContain(also);
    expect(stdout).toContain(`--set front.MODE=${mode}`);
    expect((readJson(join(output, 'outcome.json')) as Outcome).scenarios.map(({ verdict }) => verdict)).toEqual(['invalid']);
    expect((await halfopen(['analyze', runFolder(output, 'holds')])).code).toBe(4);
  });
});

describe('an interruption', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s stops the load, withdraws the fault, writes the reports and ends with %i', async (signal, code) => {
    const output = temporaryFolder();
    const { child, ended, untilPrinted } = start(['run', 'holds', 'breaks', '--output', output]);
    await untilPrinted('fault storm acknowledged');
    child.kill(signal);
    const { code: got, stdout } = await ended;
    expect(got).toBe(code);
    expect(stdout).toContain('fault storm withdrawn');
    expect(stdout).toContain('Once more ends it at once');
    const outcome = readJson(join(output, 'outcome.json')) as Outcome;
    expect(outcome.scenarios.map(({ name, verdict }) => [name, verdict])).toEqual([['breaks', 'invalid']]);
    expect(outcome.scenarios[0]?.sentence).toContain('interrupted');
    expect((await halfopen(['analyze', runFolder(output, 'breaks')])).code).toBe(4);
  });
});

describe('--keep', () => {
  test('leaves the services up without faults until a signal, and then judges the run', async () => {
    const output = temporaryFolder();
    const { child, ended, printed, untilPrinted } = start(['run', 'holds', '--keep', '--output', output]);
    await untilPrinted('front  http');
    const [, url = ''] = /entry {2}(http:\S+)/.exec(printed()) ?? [];
    expect((await fetch(url, { method: 'POST' })).status).toBe(200);
    child.kill('SIGINT');
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    expect(stdout).toContain('✓ pass holds');
    await expect(fetch(url)).rejects.toThrow();
  });

  test('is refused for more than one run', async () => {
    const { code, stderr } = await halfopen(['run', '--keep']);
    expect(code).toBe(2);
    expect(stderr).toContain('3 runs');
  });
});

test('repeats count the seed up', async () => {
  const output = temporaryFolder();
  const { code } = await halfopen(['run', 'unfelt', '--seed', '4294967295', '--repeat', '2', '--reporter', 'json', '--output', output]);
  expect(code).toBe(4);
  const { scenarios } = readJson(join(output, 'outcome.json')) as Outcome;
  expect(scenarios.map(({ seed }) => seed)).toEqual([4294967295, 0]);
  expect(new Set(scenarios.map(({ folder }) => folder)).size).toBe(2);
});
