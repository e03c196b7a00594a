// Goal: each scenario once on the correct shop, each broken twin once: the verdicts are right.
import { describe, expect, it } from 'vitest';
import { browserAtHand } from '../browser-at-hand.ts';
import { picturesIn } from '../pictures-in-report.ts';
import { TWINS } from './twins.ts';
import { expectCaught, expectPass, passingRun } from './until-decided.ts';

const hasBrowser = browserAtHand('what users see in a browser');
const SCENARIOS = ['payments-outage', 'payments-slow', 'inventory-partition', 'catalog-down', 'payments-flaky', 'payments-killed'];

describe('the correct shop', () => {
  it.each(SCENARIOS)('passes %s', (name) => expectPass(name));

  it.runIf(hasBrowser)('passes shop-window, and the report holds what its users saw', async () => {
    const { report } = await passingRun('shop-window', '--reporter', 'json,terminal,html');
    expect(picturesIn(report ?? '')).toBeGreaterThan(5);
  });
});

describe('a broken twin', () => {
  it.each(
    TWINS.filter(({ environments, needs }) => environments.includes('embedded') && (needs === undefined || hasBrowser)).map(
      (twin) => [twin.scenario, twin.service, twin.defect, twin] as const,
    ),
  )('%s with %s %s fails by its own expectation', (_, _service, _defect, twin) => expectCaught(twin));
});
