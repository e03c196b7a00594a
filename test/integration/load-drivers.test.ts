/**
 * Goal: a load driver that needs a program of its own keeps the laws that every driver keeps. Those that need none are in
 * test/contracts/loads.test.ts.
 */
import { writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { UsageError } from '../../harness/model/problem.ts';
import type { LoadDriver } from '../../harness/run/load/contract.ts';
import { loadDrivers } from '../../harness/run/load/index.ts';
import { chooseK6 } from '../../harness/run/load/k6/choose.ts';
import { get, openLoad } from '../../harness/scenario/load.ts';
import type { Limit } from '../contracts/load-laws.ts';
import { projectFolder } from '../contracts/load-rig.ts';
import { temporaryFolder } from '../cli/halfopen.ts';
import { loadSuite } from '../contracts/load-suite.ts';
import { planOf } from './load-rig.ts';

const TIMEOUT_MS = 90_000;
const LIMITS: Readonly<Record<string, readonly Limit[]>> = { playwright: ['hides-redirects', 'repeats-broken'] };

/** Why a driver cannot keep its laws on this machine. */
async function lackOf(driver: LoadDriver): Promise<string | null> {
  const load = openLoad({ ratePerSecond: 1, requests: [get('r', '/')] });
  const address = { host: '127.0.0.1', port: 1 };
  const plan = { ...planOf({ load, entry: address, sentinel: address, totalMs: 1000 }), driver: driver.kind };
  try {
    await driver.check?.({ plan, projectFolder, signal: AbortSignal.timeout(TIMEOUT_MS) });
    // A k6 without our extension has limits of its own, and tests of its own: k6-stock.test.ts.
    if (driver !== loadDrivers.k6 || (await chooseK6(plan)).tier === undefined) return null;
    return 'the k6 that is here lacks the extension halfopen: npx halfopen k6 build';
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

const needy = Object.values<LoadDriver>(loadDrivers).filter(({ check, accepts }) => check !== undefined && accepts.includes('open'));
const mayBeLeftOut = process.env['CI'] !== 'true';
const rows = await Promise.all(needy.map(async (driver) => ({ driver, lack: mayBeLeftOut ? await lackOf(driver) : null })));

test('there are drivers that need a program', () => {
  expect(rows.length).toBeGreaterThan(0);
});

test.each([
  [
    'with the extension',
    ['k6 v2.2.0', 'Extensions:', '  halfopen (devel), halfopen [output]', '  halfopen (devel), k6/x/halfopen [js]'],
    null,
  ],
  ['without it', ['k6 v2.2.0'], 'lacks the extension halfopen'],
] as const)('a k6 on PATH %s is enough for the laws or is not', async (_, says, lack) => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'k6'), `#!/bin/sh\ncat <<'END'\n${says.join('\n')}\nEND\n`, { mode: 0o755 });
  // No other k6 than that one: none was built there.
  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`);
  try {
    const found = await lackOf(loadDrivers.k6);
    expect(found).toEqual(lack === null ? null : expect.stringContaining(lack));
  } finally {
    vi.unstubAllEnvs();
  }
});

for (const { driver, lack } of rows) {
  describe.skipIf(lack !== null)(`the load driver ${driver.kind}${lack === null ? '' : ` [skipped: ${lack}]`}`, () => {
    loadSuite(driver, TIMEOUT_MS, LIMITS[driver.kind]);
  });
}
