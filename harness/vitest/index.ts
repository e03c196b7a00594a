/**
 * The public names of `halfopen/vitest`: no logic here. Importing it adds the matchers to vitest's `expect`.
 */
export { chaosTest, type ChaosTestOptions } from './chaos-test.ts';
export { runChaos, type ChaosOptions, type ChaosRun } from './run-chaos.ts';
export { chaosMatchers, type FindingPattern } from './matchers.ts';
