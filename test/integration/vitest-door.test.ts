// Goal: a scenario runs inside anyone's `vitest run`, passes and fails as it should, and says why. The matchers are tried on a real run.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { journeyOf, openLoad } from '../../harness/scenario/load.ts';
import { runChaos } from '../../harness/vitest/index.ts';
import breaks from '../../fixtures/cli/scenarios/breaks.chaos.ts';
import { calls } from '../../fixtures/cli/scenarios/pair.load.ts';
import { browserAtHand } from '../browser-at-hand.ts';
import { fixture, readJson, repository, temporaryFolder, temporaryProject } from '../cli/halfopen.ts';
import { picturesIn } from '../pictures-in-report.ts';

const config = {
  guards: {
    baselineOkRatioMin: 0.5,
    baselineDriftRatioMax: 10_000,
    startLagP99MsMax: 60_000,
    loopDelayP99MsMax: 60_000,
    sentinelP95MsMax: 60_000,
  },
};

describe('runChaos and its matchers', () => {
  test('a failing run is answered, not thrown, and each matcher says what it saw', async () => {
    const run = await runChaos({ ...breaks, name: 'breaks' }, { config, seed: 7, projectFolder: fixture, output: temporaryFolder() });
    expect(run.outcome).toMatchObject({ name: 'breaks', verdict: 'fail', seed: 7 });
    expect(run).toHaveFound({ check: 'availability', verdict: 'fail' });
    expect(run).toHaveFound({ check: 'fault-was-felt', verdict: 'pass', subject: 'storm' });
    expect(run).not.toHaveFound({ check: 'availability', verdict: 'pass' });
    expect(run).not.toHavePassed();
    expect(() => expect(run).toHavePassed()).toThrow(
      /^fail breaks: availability call: measured .*, expected .*\n[^]*report: .*report\.html\n {2}replay: HALFOPEN_SEED=7 npx vitest run -t/,
    );
    expect(() => expect(run).toHaveFound({ check: 'opens', verdict: 'fail' })).toThrow('it was not looked at; the checks were');
    expect(() => expect(run).toHaveFound({ check: 'availability', verdict: 'pass' })).toThrow(
      /to have found availability as pass\n {2}fail: /,
    );
  });

  test.runIf(browserAtHand('pictures in the report of a test'))('hands what users saw to the report', async () => {
    const looking = journeyOf('looking', 'journeys/looking.journey.ts', { ratePerSecond: 1 });
    // Long enough for a busy machine to take a picture.
    const watched = {
      ...breaks,
      name: 'watched',
      timeline: { ...breaks.timeline, recoveryMs: 4000 },
      load: openLoad({ ratePerSecond: 10, requests: calls.requests, journeys: [looking] }),
    };
    const { report, recording } = await runChaos(watched, { config, seed: 7, projectFolder: fixture, output: temporaryFolder() });
    const files = new Set(recording.events.flatMap((event) => (event.kind === 'screenshot' ? [event.file] : [])));
    expect(files.size).toBeGreaterThan(0);
    expect(picturesIn(readFileSync(report, 'utf8'))).toBe(files.size);
  });

  test('a scenario that is wrong is refused with all its problems', async () => {
    const [storm] = breaks.faults;
    const wrong = { ...breaks, faults: [{ ...storm, from: '-1s' }], expect: [] } as unknown as typeof breaks;
    await expect(runChaos(wrong, { config })).rejects.toThrow(/faults\[0\]\.from[^]*expect: expected at least one/);
  });

  test('what is no run is refused', () => {
    expect(() => expect(Promise.resolve()).toHavePassed()).toThrow('was it awaited?');
  });
});

interface Task {
  readonly fullName: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

/** Runs vitest in a project of its own and answers what became of each test. */
async function vitestIn(project: string, env: Readonly<Record<string, string>> = {}): Promise<readonly Task[]> {
  const cli = join(repository, 'node_modules/vitest/vitest.mjs');
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST') && name !== 'NODE_ENV'));
  const child = spawn(process.execPath, ['--conditions=halfopen-source', cli, 'run', '--reporter=json', '--outputFile=result.json'], {
    cwd: project,
    env: { ...inherited, ...env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  const result = join(project, 'result.json');
  if (!existsSync(result)) throw new Error(`vitest wrote no result:\n${stdout}\n${stderr}`);
  const { testResults } = readJson(result) as { readonly testResults: readonly { readonly assertionResults: readonly Task[] }[] };
  return testResults.flatMap(({ assertionResults }) => assertionResults);
}

describe('chaosTest', () => {
  test('registers tests that pass, fail with the first lines, or are skipped where nothing could be judged', async () => {
    const project = temporaryProject({
      'chaos.test.ts': [
        `import { chaosTest } from 'halfopen/vitest';`,
        `import breaks from '${fixture}/scenarios/breaks.chaos.ts';`,
        `import holds from '${fixture}/scenarios/holds.chaos.ts';`,
        `import unfelt from '${fixture}/scenarios/unfelt.chaos.ts';`,
        `const options = { config: ${JSON.stringify(config)}, projectFolder: '${fixture}', output: import.meta.dirname + '/out' };`,
        `chaosTest(holds, options);`,
        `chaosTest(breaks, options);`,
        `chaosTest(unfelt, { ...options, onInconclusive: 'skip' });`,
        `chaosTest({ ...unfelt, title: 'the same, to be decided', expect: [] }, options);`,
      ].join('\n'),
      'vitest.config.mjs': `export default { ssr: { resolve: { conditions: ['halfopen-source', 'node', 'import'] } } };`,
    });
    symlinkSync(join(repository, 'node_modules/vitest'), join(project, 'node_modules/vitest'));
    const tasks = await vitestIn(project, { HALFOPEN_SEED: '21' });
    expect(tasks.map(({ status }) => status)).toEqual(['passed', 'failed', 'skipped', 'failed']);
    const [, failed, , refused] = tasks.map(({ failureMessages }) => failureMessages.join('\n'));
    expect(failed).toMatch(/fail the-front-does-not-mind-that-the-back-fails: availability call: measured/);
    expect(failed).toContain('HALFOPEN_SEED=21 npx vitest run');
    expect(refused).toContain('expect: expected at least one expectation');
  });
});
