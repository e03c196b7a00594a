import { stdoutEventsDriver } from './stdout.ts';

/** Every source that a breaker's transitions can be read from. */
export const probeDrivers = {
  'stdout-events': stdoutEventsDriver,
} as const;
