import type { GuardLimits } from './scenario.ts';

/** Where the guards draw the line unless the configuration says otherwise. */
export const DEFAULT_GUARDS: GuardLimits = {
  baselineOkRatioMin: 0.99,
  baselineDriftRatioMax: 3,
  baselineDriftMsMin: 50,
  offeredRatioMin: 0.99,
  startLagP99MsMax: 25,
  loopDelayP99MsMax: 100,
  sentinelP95MsMax: 15,
};
