import { describe, expect, it } from 'vitest';
import { POWERS } from '../../harness/model/plan.ts';
import { drivers } from '../integration/environment-rig.ts';
import { environmentSuite } from './environment-suite.ts';

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
});

// Those that need a container engine are in test/containers/environments.test.ts.
describe('environment embedded', () => {
  environmentSuite(drivers.embedded, 30_000);
});
