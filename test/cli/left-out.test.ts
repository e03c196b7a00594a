// Goal: a run of everything runs what the environment can, says loudly what it cannot and why, and a scenario that was named is refused.
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import pairScenario from '../../fixtures/cli/scenarios/holds.chaos.ts';
import type { Outcome } from '../../harness/model/outcome.ts';
import { catalogue } from '../../harness/pipeline.ts';
import { fixture, halfopen, readJson, repository, temporaryFolder, temporaryProject } from './halfopen.ts';

const cut = { name: 'cut', inject: { kind: 'disconnect', service: 'back' }, from: '0s', for: '1s' };
const spoilt = { name: 'spoilt', inject: { kind: 'netem', service: 'back', lossPercent: 5 }, from: '0s', for: '1s' };
const asJson = (change: object): string => JSON.stringify({ ...pairScenario, ...change });

const needy = {
  'scenarios/cut.chaos.json': asJson({ title: 'Cut off', faults: [cut] }),
  'scenarios/spoilt.chaos.json': asJson({ title: 'Spoilt', faults: [spoilt] }),
};

/** The fixture's services, with these scenarios. */
function project(files: Readonly<Record<string, string>>): string {
  const cwd = temporaryProject(files);
  for (const file of ['front.ts', 'back.ts']) symlinkSync(join(fixture, file), join(cwd, file));
  return cwd;
}

const withContainers = Object.values(catalogue.environments).flatMap(({ kind, powers }) => (powers.includes('container') ? [kind] : []));

describe('without a filter', () => {
  test('what cannot run is left out loudly, the rest runs, and every result says so', async () => {
    const cwd = project({ ...needy, 'scenarios/holds.chaos.json': asJson({}) });
    const output = temporaryFolder();
    const { code, stdout } = await halfopen(['run', '--reporter', 'terminal,json,junit,html', '--output', output], { cwd });
    expect(stdout).toContain(
      "left out: cut, as 'embedded' lacks what it needs (container: services are child processes there, not containers)",
    );
    expect(stdout).toMatch(
      /left out: spoilt, as 'embedded' lacks what it needs \(netem: (the kernel|nothing tells) .*\); no environment has all of it/,
    );
    expect(stdout).toMatch(/1 \w+\s+2 left out as 'embedded' lacks what they need: cut, spoilt/);
    const outcome = readJson(join(output, 'outcome.json')) as Outcome;
    expect(outcome.scenarios.map(({ name }) => name)).toEqual(['holds']);
    // Whatever the machine made of the run: what was left out decides nothing.
    expect([outcome.verdict, code]).toEqual([outcome.scenarios[0]?.verdict, outcome.verdict === 'pass' ? 0 : 4]);
    expect(outcome.leftOut).toMatchObject([
      { name: 'cut', title: 'Cut off', environment: 'embedded', lacks: ['container'] },
      { name: 'spoilt', environment: 'embedded', lacks: ['netem'] },
    ]);
    const wayOut = withContainers.map((name) => `--env ${name}`).join(' or ');
    expect(outcome.leftOut?.[0]?.wayOut ?? '').toBe(wayOut);
    expect(outcome.leftOut?.[1]).not.toHaveProperty('wayOut');
    expect(readFileSync(join(output, 'junit.xml'), 'utf8')).toMatch(/<testsuite name="cut" tests="1" failures="0" errors="0" skipped="1"/);
    expect(readFileSync(join(output, 'report.html'), 'utf8')).toContain('2 left out');
  });

  test('nothing that can run ends with 5 and the reasons, and nothing is started', async () => {
    const cwd = project(needy);
    const { code, stdout, stderr } = await halfopen(['run', '--output', 'out'], { cwd });
    expect([code, stdout]).toEqual([5, '']);
    expect(stderr).toContain("No scenario can run in 'embedded'; nothing was started.");
    expect(stderr).toContain('left out: cut');
    expect(stderr).toContain('left out: spoilt');
  });

  test('what is declared wrongly is refused, not left out', async () => {
    const cwd = project({
      'scenarios/wrong.chaos.json': asJson({ faults: [cut, { ...cut, inject: { ...cut.inject, service: 'bakc' } }] }),
    });
    const { code, stderr } = await halfopen(['run', '--output', 'out'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain("did you mean 'back'?");
  });
});

describe('with a filter', () => {
  test.each([[['cut']], [['-g', 'cut off']], [['scenarios/cut.chaos.json']]])(
    '%j is refused with the power, the reason and a way out',
    async (args) => {
      const { code, stdout, stderr } = await halfopen(['run', ...args, '--output', 'out'], { cwd: project(needy) });
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain("expected an environment with the power 'container', which disconnect needs");
      expect(stderr).toContain('services are child processes there, not containers');
      if (withContainers.length > 0) expect(stderr).toContain(`run it with --env ${withContainers.join(' or ')}`);
    },
  );
});

test('list and run --list say what needs what, and where that is', async () => {
  const cwd = project({ ...needy, 'scenarios/holds.chaos.json': asJson({}) });
  const { stdout } = await halfopen(['list'], { cwd });
  expect(stdout).toMatch(/^cut .*needs container: /m);
  expect(stdout).toMatch(/^spoilt .*needs netem: no environment$/m);
  expect(stdout).toMatch(/^holds .*needs http: embedded/m);
  const entries = JSON.parse((await halfopen(['list', '--json'], { cwd })).stdout) as {
    name: string;
    needs: string[];
    environments: string[];
  }[];
  expect(entries.find(({ name }) => name === 'cut')).toMatchObject({ needs: ['container'], environments: withContainers });
  const dry = await halfopen(['run', '--list'], { cwd });
  expect(dry.stdout).toMatch(/^holds /);
  expect(dry.stdout).toContain('left out: cut');
});

describe('a machine without the program that sends a load', () => {
  const journeys = [{ name: 'visit', file: 'visit.journey.ts', export: 'default', ratePerSecond: 1, timeoutMs: 5000 }];
  const visited = {
    'scenarios/visited.chaos.json': asJson({ title: 'Visited', load: { ...pairScenario.load, journeys } }),
    'visit.journey.ts':
      "import { journey } from 'halfopen/playwright';\nexport default journey(async ({ page }) => void (await page.goto('/')));\n",
  };
  // Neither a browser nor k6 is on this PATH, and Playwright's own browsers are looked for in an empty folder.
  const bare = (cwd: string) => ({ cwd, env: { PATH: cwd, PLAYWRIGHT_BROWSERS_PATH: cwd, XDG_CACHE_HOME: cwd } });

  test('leaves the scenario out of a run of everything, and refuses it by name', async () => {
    const cwd = project(visited);
    symlinkSync(join(repository, 'node_modules/playwright-core'), join(cwd, 'node_modules/playwright-core'));
    const all = await halfopen(['run', '--output', 'out'], bare(cwd));
    expect([all.code, all.stdout]).toEqual([5, '']);
    expect(all.stderr).toMatch(
      /No scenario can run on this machine; nothing was started\.\n +left out: visited, as Cannot find a browser: .*Install Chromium/,
    );
    const named = await halfopen(['run', 'visited', '--output', 'out'], bare(cwd));
    expect([named.code, named.stdout]).toEqual([2, '']);
    expect(named.stderr).toMatch(/^Cannot find a browser: .*Install Chromium/);
  });

  test('refuses a driver that was asked for, and a journey that is wrong, whatever else there is to run', async () => {
    const cwd = project({ 'scenarios/holds.chaos.json': asJson({}) });
    const asked = await halfopen(['run', '--load', 'k6', '--output', 'out'], bare(cwd));
    expect([asked.code, asked.stdout]).toEqual([2, '']);
    expect(asked.stderr).toContain('npx halfopen k6 build');
    const wrong = project({ ...visited, 'visit.journey.ts': 'export default 1;\n', 'scenarios/holds.chaos.json': asJson({}) });
    symlinkSync(join(repository, 'node_modules/playwright-core'), join(wrong, 'node_modules/playwright-core'));
    const broken = await halfopen(['run', '--output', 'out'], { cwd: wrong });
    expect([broken.code, broken.stdout]).toEqual([2, '']);
    expect(broken.stderr).toContain('visit.journey.ts');
  });
});
