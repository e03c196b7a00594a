/**
 * Goal: a load driver that needs a program of its own keeps the laws that every driver keeps. Those that need none are in
 * test/contracts/loads.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../harness/model/problem.ts';
import type { LoadDriver } from '../../harness/run/load/contract.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import { get, openLoad } from '../../harness/scenario/load.ts';
import type { Limit } from '../contracts/load-laws.ts';
import { projectFolder } from '../contracts/load-rig.ts';
import { loadSuite } from '../contracts/load-suite.ts';
import { planOf } from './load-rig.ts';

const TIMEOUT_MS = 90_000;
const LIMITS: Readonly<Record<string, readonly Limit[]>> = { playwright: ['hides-redirects', 'repeats-broken'] };

/** Why a driver cannot run on this machine; in CI it has to. */
async function lackOf(driver: LoadDriver): Promise<string | null> {
  if (process.env['CI'] === 'true') return null;
  const load = openLoad({ ratePerSecond: 1, requests: [get('r', '/')] });
  const address = { host: '127.0.0.1', port: 1 };
  const plan = { ...planOf({ load, entry: address, sentinel: address, totalMs: 1000 }), driver: driver.kind };
  try {
    await driver.check?.({ plan, projectFolder, signal: AbortSignal.timeout(TIMEOUT_MS) });
    return null;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

const needy = Object.values<LoadDriver>(loadDrivers).filter(({ check, accepts }) => check !== undefined && accepts.includes('open'));
const rows = await Promise.all(needy.map(async (driver) => ({ driver, lack: await lackOf(driver) })));

test('there are drivers that need a program', () => {
  expect(rows.length).toBeGreaterThan(0);
});

for (const { driver, lack } of rows) {
  describe.skipIf(lack !== null)(`the load driver ${driver.kind}${lack === null ? '' : ` [skipped: ${lack}]`}`, () => {
    loadSuite(driver, TIMEOUT_MS, LIMITS[driver.kind]);
  });
}
