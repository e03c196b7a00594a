/** What every environment that starts services must do, whichever it is; called once for each of them. */
import { expect, it } from 'vitest';
import { processesOfRun } from '../../harness/run/environments/process-groups.ts';
import type { EnvironmentDriver } from '../../harness/run/environments/contract.ts';
import { ECHO, rigOf, script } from '../integration/environment-rig.ts';

export function environmentSuite(driver: EnvironmentDriver, timeout: number): void {
  it('brings a system up, serves through it, and can be disposed of twice', { timeout }, async () => {
    await using rig = await rigOf({ only: script(ECHO) }, [], driver);
    const system = await rig.up();
    for (const { host, port } of [system.entry, system.sentinel]) expect((await fetch(`http://${host}:${port}/`)).status).toBe(200);
    await Promise.all([system[Symbol.asyncDispose](), system[Symbol.asyncDispose]()]);
    await system[Symbol.asyncDispose]();
    await driver.release?.();
    await expect(fetch(`http://${system.entry.host}:${system.entry.port}/`)).rejects.toThrow('fetch failed');
    expect(await processesOfRun(rig.runId)).toEqual([]);
  });

  it('starts nothing once the run is aborted', async () => {
    await using rig = await rigOf({ only: script(ECHO) }, [], driver);
    rig.abort.abort(new Error('stop'));
    await expect(rig.up()).rejects.toThrow('stop');
    expect(rig.states('only')).toEqual([]);
  });

  it('refuses to act on a service that the system does not have', { timeout }, async () => {
    await using rig = await rigOf({ only: script(ECHO) }, [], driver);
    const { processes } = await rig.up();
    await expect(processes.kill('onyl')).rejects.toThrow("'service' must be one of only: current value is 'onyl'");
  });
}
