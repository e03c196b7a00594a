// Goal: a harness that is killed in the middle of a run leaves nothing on the engine after 30 s, with Testcontainers' Ryuk beside the reaper or without it, and neither is troubled by the other.
import { readFileSync, readdirSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startOwnEngine, type OwnEngine } from '../../scripts/prove/own-engine.ts';
import { eventually, temporaryFolder, type Started } from '../cli/halfopen.ts';
import { everythingOn, startDuo } from './duo.ts';
import { describeWithOwnEngine } from './own-engine-at-hand.ts';

const IMAGES = ['node:24-slim', 'ghcr.io/shopify/toxiproxy:2.12.0', 'testcontainers/ryuk:0.14.0', 'postgres:15'];
const GONE_WITHIN_MS = 30_000;

/** The command line itself, below its launcher if there is one. */
function mainOf({ child }: Started): number {
  const pid = child.pid ?? 0;
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || pid;
}

describeWithOwnEngine('what a killed run leaves', () => {
  let engine: OwnEngine;
  beforeAll(async () => void (engine = await startOwnEngine(IMAGES)));
  afterAll(() => engine?.[Symbol.asyncDispose]());

  const halfopen = (words: readonly string[], state: string, env: Readonly<Record<string, string>> = {}): Started =>
    startDuo(words, state, { behind: engine.inItsNetwork, env: { DOCKER_HOST: engine.host, ...env } });
  const ofTheRun = async (): Promise<readonly string[]> => (await everythingOn(engine)).filter((thing) => !thing.includes('ryuk'));

  test.each([
    ['the reaper alone', { TESTCONTAINERS_RYUK_DISABLED: 'true' }],
    ['the reaper, with Ryuk beside it', {}],
  ])(
    'is removed by %s, a paused container too, and a foreign one of a like name is not',
    async (_, env) => {
      const [state, output] = [temporaryFolder(), temporaryFolder()];
      const run = halfopen(['run', 'frozen', '--env', 'docker', '--output', output], state, env);
      await run.untilPrinted('fault harm acknowledged');
      const [ledger = ''] = readdirSync(join(state, 'ledger')).filter((name) => name.endsWith('.jsonl'));
      const foreign = `halfopen-${ledger.replace('.jsonl', '')}-foreign`;
      await engine.docker('run', '--detach', '--name', foreign, '--network', 'none', 'ghcr.io/shopify/toxiproxy:2.12.0');
      expect((await ofTheRun()).length).toBeGreaterThan(5);
      expect(await engine.docker('ps', '--filter', 'status=paused', '--quiet')).not.toBe('');

      process.kill(mainOf(run), 'SIGKILL');
      await once(run.child, 'exit');
      await eventually('only the foreign container is left', GONE_WITHIN_MS, async () => (await ofTheRun()).length === 1);
      expect(await ofTheRun()).toEqual([`container ${foreign}`]);
      await eventually('the ledger is done with', GONE_WITHIN_MS, () => !readdirSync(join(state, 'ledger')).includes(ledger));
      const log = readFileSync(join(state, 'ledger', 'reaper.log'), 'utf8');
      expect(log).toMatch(/ container halfopen-\S+ (undone|absent)\n/);
      expect(log).not.toMatch(/ left: | failed: |gave up/);
      await engine.docker('rm', '--force', foreign);
    },
    240_000,
  );
});
