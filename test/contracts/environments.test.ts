import { describe, expect, it } from 'vitest';
import { POWERS } from '../../harness/model/plan.ts';
import { processesOfRun } from '../../harness/run/environments/process-groups.ts';
import { drivers, ECHO, rigOf, script } from '../integration/environment-rig.ts';

const rows = Object.entries(drivers);

it('there are environments to test', () => {
  expect(rows.length).toBeGreaterThan(0);
});

describe.each(rows)('environment %s', (kind, driver) => {
  it('stands in the table under its own kind, describes itself, and offers powers that exist, each once', () => {
    expect(driver.kind).toBe(kind);
    expect(driver.describe()).not.toBe('');
    expect(driver.powers.filter((power) => !POWERS.includes(power))).toEqual([]);
    expect(new Set(driver.powers).size).toBe(driver.powers.length);
    expect(driver.powers.length).toBeGreaterThan(0);
  });

  it('brings a system up, serves through it, and can be disposed of twice', { timeout: 30_000 }, async () => {
    await using rig = await rigOf({ only: script(ECHO) }, [], driver);
    const system = await rig.up();
    for (const { host, port } of [system.entry, system.sentinel]) expect((await fetch(`http://${host}:${port}/`)).status).toBe(200);
    await Promise.all([system[Symbol.asyncDispose](), system[Symbol.asyncDispose]()]);
    await system[Symbol.asyncDispose]();
    await expect(fetch(`http://${system.entry.host}:${system.entry.port}/`)).rejects.toThrow('fetch failed');
    expect(await processesOfRun(rig.runId)).toEqual([]);
  });

  it('starts nothing once the run is aborted', async () => {
    await using rig = await rigOf({ only: script(ECHO) }, [], driver);
    rig.abort.abort(new Error('stop'));
    await expect(rig.up()).rejects.toThrow('stop');
    expect(rig.states('only')).toEqual([]);
  });

  it('refuses to act on a service that the system does not have', { timeout: 30_000 }, async () => {
    await using rig = await rigOf({ only: script(ECHO) }, [], driver);
    const { processes } = await rig.up();
    await expect(processes.kill('onyl')).rejects.toThrow("'service' must be one of only: current value is 'onyl'");
  });
});
