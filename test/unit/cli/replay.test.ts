import { expect, test } from 'vitest';
import { replayCommand } from '../../../harness/cli/replay.ts';
import { defineConfig } from '../../../harness/index.ts';

const config = defineConfig({ redact: ['s3cret\\d'] });
const parts = { name: 'outage', config, environment: 'embedded', seed: 7, pace: 'full', overrides: {} } as const;

test('the replay command has the name and the seed, and nothing that is the default', () => {
  expect(replayCommand(parts)).toBe('npx halfopen run outage --seed 7');
});

test('it has everything that differs, quoted for a shell', () => {
  const overrides = { orders: { DEFECT: "it's late", MODE: 'x' }, 'a.b': { C: '' } };
  expect(replayCommand({ ...parts, environment: 'attach', pace: 'fast', overrides, configNamed: 'my configs/a.ts' })).toBe(
    `npx halfopen run outage --seed 7 --env attach --pace fast --set 'orders.DEFECT=it'\\''s late' --set orders.MODE=x --set a.b.C= --config 'my configs/a.ts'`,
  );
});

test('it holds no secrets, neither by name nor by a pattern of the configuration', () => {
  const command = replayCommand({ ...parts, overrides: { orders: { API_TOKEN: 'abc', NOTE: 'my s3cret1' } } });
  expect(command).not.toMatch(/abc|s3cret1/);
  expect(command.match(/\[redacted\]/g)).toHaveLength(2);
});
