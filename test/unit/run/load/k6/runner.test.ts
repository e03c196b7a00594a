/** Goal: what runs inside k6 is what its source says, and makes the requests of the builtin driver. */
import { expect, test } from 'vitest';
import { bundleRunner } from '../../../../../scripts/build-runner.ts';
import { runnerScript } from '../../../../../harness/run/load/k6/runner.generated.ts';

test('the generated module is fresh', async () => {
  expect(runnerScript, 'node scripts/build-runner.ts makes it').toBe(await bundleRunner('runner'));
});
