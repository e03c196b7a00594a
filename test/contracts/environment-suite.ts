/** What every environment that starts services must do, whichever it is; called once for each of them. */
import { afterEach, expect, it } from 'vitest';
import { processesOfRun } from '../../harness/run/environments/process-groups.ts';
import type { EnvironmentDriver } from '../../harness/run/environments/contract.ts';
import type { Service } from '../../harness/model/system.ts';
import { ECHO, rigOf, script, type Rig } from '../integration/environment-rig.ts';

export function environmentSuite(
  driver: EnvironmentDriver,
  timeout: number,
  rigWith: (services: Readonly<Record<string, Service>>) => Promise<Rig> = (services) => rigOf(services, [], driver),
): void {
  // What a disposed system left up for a next run has none here.
  afterEach(() => driver.release?.());

  it('brings a system up, serves through it, and can be disposed of twice', { timeout }, async () => {
    await using rig = await rigWith({ only: script(ECHO) });
    const system = await rig.up();
    for (const { host, port } of [system.entry, system.sentinel]) expect((await fetch(`http://${host}:${port}/`)).status).toBe(200);
    await Promise.all([system[Symbol.asyncDispose](), system[Symbol.asyncDispose]()]);
    await system[Symbol.asyncDispose]();
    await driver.release?.();
    await expect(fetch(`http://${system.entry.host}:${system.entry.port}/`)).rejects.toThrow('fetch failed');
    expect(await processesOfRun(rig.runId)).toEqual([]);
  });

  it('starts nothing once the run is aborted', async () => {
    await using rig = await rigWith({ only: script(ECHO) });
    rig.abort.abort(new Error('stop'));
    await expect(rig.up()).rejects.toThrow('stop');
    expect(rig.states('only')).toEqual([]);
  });

  it('refuses to act on a service that the system does not have', { timeout }, async () => {
    await using rig = await rigWith({ only: script(ECHO) });
    const { processes } = await rig.up();
    await expect(processes.kill('onyl')).rejects.toThrow("'service' must be one of only: current value is 'onyl'");
  });
}
