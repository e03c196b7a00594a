/** Holds load drivers to their laws; called once for each of them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoadDriver } from '../../harness/run/load/contract.ts';
import { json, serve } from '../integration/load-rig.ts';
import { LAWS, type Limit } from './load-laws.ts';

/** For a machine that does other things as well. */
const PROMPT_MS = 10_000;

export function loadSuite(driver: LoadDriver, timeout: number, limits: readonly Limit[] = []): void {
  let sentinel: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    sentinel = await serve(json({}));
  });
  afterAll(() => sentinel[Symbol.asyncDispose]());

  test.each(Object.entries(LAWS))('%s', { timeout }, async (_, law) => {
    expect.hasAssertions();
    await law({ driver, limits, sentinel, promptMs: PROMPT_MS });
  });
}
