import { afterAll, test } from 'vitest';
import type { Plan, Scenario } from '../index.ts';
import { planScenario, releaseEnvironments } from '../pipeline.ts';
import { firstLines } from './first-lines.ts';
import { planRequest, runChaos, withName, type ChaosOptions } from './run-chaos.ts';

export interface ChaosTestOptions extends ChaosOptions {
  /** What a run that could not be judged (inconclusive or invalid) does to the test. @default 'fail' */
  readonly onInconclusive?: 'fail' | 'skip';
  /** When the test is given up, in milliseconds. @default what follows from the plan */
  readonly timeoutMs?: number;
}

/** What the harness needs around the timeline on a slow machine, in milliseconds. */
const AROUND_MS = 30_000;

/**
 * Registers a vitest test that runs a scenario; it fails with what broke, expected and measured, and how to try again.
 * Two runs at once disturb each other: set `fileParallelism: false` for such tests.
 *
 * @example
 * ```ts
 * import { defineScenario, defineSystem, availability, get, openLoad } from 'halfopen';
 * import { chaosTest } from 'halfopen/vitest';
 *
 * const shop = defineSystem({ name: 'shop', entry: 'web', services: { web: { command: ['node', 'web.mjs'] } } });
 * chaosTest(
 *   defineScenario(shop, {
 *     title: 'Nothing happens',
 *     load: openLoad({ ratePerSecond: 20, requests: [get('home', '/')] }),
 *     baseline: '3s',
 *     faults: [],
 *     recovery: '2s',
 *     expect: [availability({ during: 'baseline', min: 0.99 })],
 *   }),
 *   { pace: 'fast', onInconclusive: 'skip' },
 * );
 * ```
 */
export function chaosTest(scenario: Scenario, options: ChaosTestOptions = {}): void {
  const { onInconclusive = 'fail' } = options;
  // Containers that one test leaves up serve the next one of the file.
  afterAll(releaseEnvironments);
  // oxlint-disable-next-line vitest/expect-expect, vitest/valid-title -- what it expects stands in the scenario, as does its title
  test(scenario.title, { timeout: options.timeoutMs ?? timeoutFor(scenario, options) }, async ({ signal, skip }) => {
    const ended = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
    const { outcome, report } = await runChaos(scenario, { ...options, signal: ended });
    if (outcome.verdict === 'pass') return;
    const text = firstLines(outcome, report);
    if (outcome.verdict !== 'fail' && onInconclusive === 'skip') skip(text);
    throw new Error(text);
  });
}

/** Of a scenario that cannot be planned: any, as the test itself then says why. */
function timeoutFor(scenario: Scenario, options: ChaosOptions): number {
  let plan: Plan;
  try {
    plan = planScenario(withName(scenario), planRequest(options));
  } catch (error) {
    if (error instanceof Error && error.name === 'UsageError') return AROUND_MS;
    throw error;
  }
  const timelineMs = (plan.phases.at(-1)?.toUs ?? 0) / 1000;
  // A service that lost the race for its port is started twice.
  const startMs = 2 * Math.max(...Object.values(plan.system.services).map(({ readyWithinMs }) => readyWithinMs));
  return Math.ceil(timelineMs + plan.limits.drainMs + startMs + AROUND_MS);
}
