/** Checks of flags, the configuration file and metrics: of servers that are started for them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { addToxic, Caller, hits, openProxy, startCallee } from '../peers.ts';
import { startCommand, startToxi } from '../servers.ts';
import type { Checks, World } from './contract.ts';

export const startChecks: Checks<'seed' | 'live-counters' | 'config-errors' | 'non-loopback'> = {
  seed: async ({ toxi, isOurs, stack }) => {
    const [one, other] = await Promise.all([startToxi(toxi.kind, ['--seed=5']), startToxi(toxi.kind, ['--seed=5'])]);
    stack.use(one);
    stack.use(other);
    const [first, second] = await Promise.all([one, other].map((each) => dice({ toxi: each, stack })));
    if (isOurs) expect(second).toEqual(first);
    else expect(second).not.toEqual(first);
  },

  'live-counters': async ({ toxi, isOurs, stack }) => {
    await using counting = await startToxi(toxi.kind, ['--proxy-metrics']);
    const { upstream } = await startCallee(stack);
    const caller = await Caller.dial(stack, await openProxy(counting, 'p', upstream));
    await caller.echo('12345');
    const { text } = await counting.ask('GET', '/metrics');
    const counted = /^toxiproxy_proxy_received_bytes_total\{.*direction="upstream".*\} (\d+)$/m.exec(text)?.[1];
    expect(counted).toBe(isOurs ? '5' : undefined);
  },

  'config-errors': async ({ toxi, isOurs, stack }) => {
    const folder = mkdtempSync(join(tmpdir(), 'halfopen-config-'));
    stack.defer(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'toxiproxy.json');
    writeFileSync(path, '[\n  { "name": "a", "upstream": "x:1", "enabled": false },\n\n  { "name": "b" }\n]\n');
    const starting = startCommand(toxi.kind, ['-config', path]);
    if (isOurs) {
      await expect(starting).rejects.toThrow(`${path}:4: missing required field: upstream`);
    } else {
      await using started = await starting;
      expect((await started.ask('GET', '/proxies')).text).toBe('{}');
    }
  },

  'non-loopback': async ({ toxi, isOurs }) => {
    const starting = startCommand(toxi.kind, ['-host', '0.0.0.0']);
    if (isOurs) {
      await expect(starting).rejects.toThrow('--allow-non-loopback');
      await using started = await startCommand(toxi.kind, ['-host', '0.0.0.0', '-allow-non-loopback']);
      expect(started.printed()).toContain('open to other machines');
    } else {
      await using started = await starting;
      expect((await started.ask('GET', '/version')).status).toBe(200);
    }
  },
};

/** Which of 40 connections, made one after another, a toxic of toxicity 0.5 hits. */
async function dice({ toxi, stack }: Pick<World, 'toxi' | 'stack'>): Promise<readonly boolean[]> {
  const { upstream } = await startCallee(stack);
  const port = await openProxy(toxi, 'p', upstream);
  await addToxic(toxi, 'p', { type: 'latency', name: 't', toxicity: 0.5, attributes: { latency: 300 } });
  const callers: Caller[] = [];
  for (let index = 0; index < 40; index++) callers.push(await Caller.dial(stack, port));
  return hits(callers);
}
