// Goal: whatever happens to the browser, the driver's process or the harness, arrivals end, the user is told, and no browser is left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HarnessError, UsageError } from '../../harness/model/problem.ts';
import { startClock } from '../../harness/run/clock.ts';
import { processesOfRun } from '../../harness/run/environments/process-groups.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import { eventually, repository } from '../cli/halfopen.ts';
import { json, serve, wholeLoadOf } from './load-rig.ts';
import { browserOf, browserPlanOf, eventsOf, journeysOnly, runBrowser, shopWindow } from './playwright-rig.ts';

let sentinel: Awaited<ReturnType<typeof serve>>;
beforeAll(async () => {
  sentinel = await serve(json({}));
});
afterAll(() => sentinel[Symbol.asyncDispose]());

const address = { host: '127.0.0.1', port: 1 };
const check = (
  browser: object,
  load = journeysOnly('window', { ratePerSecond: 1 }),
  projectFolder = process.cwd(),
): Promise<void> | undefined =>
  loadDrivers.playwright.check?.({
    plan: browserPlanOf({ load, entry: address, sentinel: address, totalMs: 1000, plan: { browser } }),
    projectFolder,
    signal: new AbortController().signal,
  });

const isGone = async (runId: string): Promise<boolean> => (await processesOfRun(runId)).length === 0;

describe('before anything is started', () => {
  test('a browser and readable journeys are found', async () => {
    await expect(check({})).resolves.toBeUndefined();
  });

  test('a browser that is not there is a usage error that says where it was looked for', async () => {
    await expect(check({ executable: '/nowhere/chromium' })).rejects.toThrow(UsageError);
    await expect(check({ executable: 'no-such-browser' })).rejects.toThrow(
      /'browser.executable' must be a program that can be run: current value is no-such-browser/,
    );
  });

  test.each([
    [
      'unreadable',
      'default',
      /journey 'buying': expected a module that can be imported at fixtures\/journeys\/unreadable.journey.ts, found Error: this file cannot be imported/,
    ],
    ['troubled', 'nothing', /the export 'nothing' of .* to be a journey .* found something else \(number\)/],
    ['troubled', 'absent', /found exports blank, disappointed, /],
  ])('the journey in %s, export %s, is a usage error', async (file, exported, message) => {
    const checking = check({}, journeysOnly(file, { export: exported, ratePerSecond: 1 }));
    await expect(checking).rejects.toThrow(UsageError);
    await expect(checking).rejects.toThrow(message);
  });
});

describe('a browser that crashes', () => {
  const load = journeysOnly('troubled', { export: 'endless', ratePerSecond: 2, timeout: '60s' });
  const killBrowser = async (runId: string): Promise<void> => {
    const pid = await browserOf(runId);
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
  };

  test('ends what was under way, is started again, and told', async () => {
    await using entry = await serve(shopWindow([]));
    const runId = 'browser-crash-once';
    let isKilled = false;
    let isTold = false;
    await using result = await runBrowser({
      load,
      entry,
      sentinel,
      totalMs: 60_000,
      runId,
      onEvent(event, running) {
        if (event.kind === 'driver' && event.what === 'degraded') isTold = true;
        if (event.kind !== 'step' || event.outcome !== 'ok') return;
        if (!isKilled) void killBrowser(runId);
        isKilled = true;
        // A step in the second browser.
        if (isTold) running?.stop();
      },
    });
    expect(result.rows).toHaveLength(120);
    expect(result.rows.every(({ outcome }) => ['aborted', 'shed'].includes(outcome))).toBe(true);
    expect(result.rows.filter(({ observed }) => observed?.mismatch === 'the browser or its page crashed').length).toBeGreaterThan(0);
    expect(eventsOf(result.events, 'step').filter(({ outcome, isBlank }) => outcome === 'crashed' && isBlank).length).toBeGreaterThan(0);
    expect(eventsOf(result.events, 'driver').filter(({ what }) => what === 'degraded')).toHaveLength(1);
    await eventually('every process of the run is gone', 20_000, () => isGone(runId));
  });

  test('a second time ends the run as the harness’s failure', async () => {
    await using entry = await serve(shopWindow([]));
    const runId = 'browser-crash-twice';
    const running = runBrowser({
      load,
      entry,
      sentinel,
      totalMs: 60_000,
      runId,
      onEvent: (event) => void (event.kind === 'step' && event.outcome === 'ok' && killBrowser(runId)),
    });
    await expect(running).rejects.toThrow(HarnessError);
    await expect(running).rejects.toThrow(/the browser crashed 2 times/);
    await eventually('every process of the run is gone', 20_000, () => isGone(runId));
  });
});

describe('nothing is left behind', () => {
  const load = journeysOnly('troubled', { export: 'endless', ratePerSecond: 2, timeout: '60s' });

  test('when the run is given up while the browser is busy', async () => {
    await using entry = await serve(shopWindow([]));
    const runId = 'browser-disposed';
    const plan = browserPlanOf({ load, entry, sentinel, totalMs: 60_000 });
    const running = await loadDrivers.playwright.start({
      ...wholeLoadOf(plan),
      asksSentinel: false,
      entry,
      sentinel,
      clock: startClock(),
      runId,
      signal: new AbortController().signal,
      onRequests: () => undefined,
      onHealth: () => undefined,
    });
    running.begin(60_000);
    expect(await browserOf(runId)).toBeGreaterThan(0);
    await running[Symbol.asyncDispose]();
    expect(await browserOf(runId)).toBeUndefined();
    await expect(running.ended).rejects.toThrow(HarnessError);
    await eventually('every process of the run is gone', 20_000, () => isGone(runId));
  });

  test('when the harness is killed', async () => {
    await using entry = await serve(shopWindow([]));
    const runId = 'browser-orphaned';
    const args = [JSON.stringify({ host: entry.host, port: entry.port }), runId];
    const harness = spawn(process.execPath, ['--conditions=halfopen-source', 'fixtures/journeys/harness.ts', ...args], {
      cwd: repository,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(harness.stdout, 'data');
    expect(await browserOf(runId)).toBeGreaterThan(0);
    harness.kill('SIGKILL');
    await eventually('every process of the run is gone', 20_000, () => isGone(runId));
  });

  test('when a journey never lets go: the driver ends itself and says why', async () => {
    await using entry = await serve(shopWindow([]));
    const runId = 'browser-stuck';
    const spinning = journeysOnly('troubled', { export: 'spinning', ratePerSecond: 2 });
    const running = runBrowser({ load: spinning, entry, sentinel, totalMs: 1000, runId });
    await expect(running).rejects.toThrow(/was ended by SIGKILL; its last lines:\na journey's code held up the driver's process/);
    await eventually('every process of the run is gone', 20_000, () => isGone(runId));
  });
});
