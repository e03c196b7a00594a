import type { Guard } from '../checks/contract.ts';
import { baselineWasSteady } from './baseline-was-steady.ts';
import { driverKeptSchedule } from './driver-kept-schedule.ts';
import { faultWasFelt } from './fault-was-felt.ts';
import { harnessWasHealthy } from './harness-was-healthy.ts';
import { loadWasOffered } from './load-was-offered.ts';
import { machineWasQuiet } from './machine-was-quiet.ts';
import { probeWasWatching } from './probe-was-watching.ts';
import { recordingIsWhole } from './recording-is-whole.ts';

/** Every guard looks at every run, in this order. The last three only tell how far times can be trusted. */
export const guards = {
  'recording-is-whole': recordingIsWhole,
  'fault-was-felt': faultWasFelt,
  'baseline-was-steady': baselineWasSteady,
  'load-was-offered': loadWasOffered,
  'probe-was-watching': probeWasWatching,
  'driver-kept-schedule': driverKeptSchedule,
  'harness-was-healthy': harnessWasHealthy,
  'machine-was-quiet': machineWasQuiet,
} as const satisfies Readonly<Record<string, Guard>>;
