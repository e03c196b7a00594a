import { atMostOnceCheck } from './at-most-once.ts';
import { availabilityCheck } from './availability.ts';
import { backoffCheck } from './backoff.ts';
import { closesCheck } from './closes.ts';
import type { Check } from './contract.ts';
import { deliveryCheck } from './delivery.ts';
import { failsFastCheck } from './fails-fast.ts';
import { fallbackCheck } from './fallback.ts';
import { isolationCheck } from './isolation.ts';
import { latencyWithinCheck } from './latency-within.ts';
import { opensCheck } from './opens.ts';
import { pageCheck } from './page.ts';
import { readinessTruthCheck } from './readiness-truth.ts';
import { recoveryCheck } from './recovery.ts';
import { retriesCheck } from './retries.ts';
import { stampedeCheck } from './stampede.ts';
import { staysClosedCheck } from './stays-closed.ts';
import { staysOpenCheck } from './stays-open.ts';
import { thresholdsCheck } from './thresholds.ts';
import { trialCallsCheck } from './trial-calls.ts';
import { visitsCheck } from './visits.ts';

/** Every kind of expectation, by the name that its data carries in `check`. */
export const checks = {
  opens: opensCheck,
  staysClosed: staysClosedCheck,
  visits: visitsCheck,
  staysOpen: staysOpenCheck,
  trialCalls: trialCallsCheck,
  closes: closesCheck,
  recovery: recoveryCheck,
  availability: availabilityCheck,
  latencyWithin: latencyWithinCheck,
  fallback: fallbackCheck,
  failsFast: failsFastCheck,
  retries: retriesCheck,
  backoff: backoffCheck,
  isolation: isolationCheck,
  stampede: stampedeCheck,
  atMostOnce: atMostOnceCheck,
  delivery: deliveryCheck,
  readinessTruth: readinessTruthCheck,
  page: pageCheck,
  thresholds: thresholdsCheck,
} as const satisfies Readonly<Record<string, Check>>;
