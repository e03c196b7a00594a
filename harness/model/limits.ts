/** Limits that hold everywhere; each is printed when it bites. */
export const LIMITS = {
  /** Longest timeline of one run, in milliseconds. */
  runMs: 30 * 60_000,
  /** Most arrivals that one plan may schedule. */
  arrivals: 2_000_000,
  /** Highest rate that a load may ask of a driver, in arrivals a second. */
  ratePerSecond: 20_000,
  /** Most users of one journey that may set out, a second. */
  journeysPerSecond: 50,
  /** Most users that one journey may have at a time. */
  journeyUsers: 200,
  /** Journeys at a time where `browser.pagesMax` does not say how many. */
  pages: 20,
  /** Shortest time from one beginning of a user's journey to the next, in milliseconds: one that ends at once must not spin. */
  repetitionMs: 10,
  /** Most exchanges recorded in one run; the rest is counted as lost evidence. */
  exchanges: 4_000_000,
  /** Most events recorded in one run. */
  events: 500_000,
  /** Most effects recorded in one run. */
  effects: 2_000_000,
  /** Largest `observed` of one row, in bytes. */
  observedBytes: 1024,
  /** Largest body of an answer that the driver or the tap reads as JSON, in bytes. */
  bodyBytes: 256 * 1024,
  /** Longest line that a service may print on a probe's channel, in bytes. */
  probeLineBytes: 16 * 1024,
  /** Largest body, or part of one, that a fault may carry, in bytes. */
  faultBodyBytes: 1024 * 1024,
  /** Largest body that a fault edits, in bytes; a larger one passes as it is. */
  editedBodyBytes: 1024 * 1024,
  /** Longest delay, hold or lifetime of a rule at the proxy, in milliseconds. */
  ruleMs: 24 * 3_600_000,
  /** Most HTTP rules on one proxy. */
  rules: 1000,
  /** Most occurrences of a repeating fault. */
  faultTimes: 1000,
  /** How long a withdrawal of one fault may take, in milliseconds. */
  withdrawMs: 5000,
  /** How long a service may take to stop before it is killed, in milliseconds. */
  stopMs: 2000,
  /** How long the run waits after the timeline for answers still in flight, in milliseconds. */
  drainMs: 10_000,
  /** Bytes of one service's log that are kept. */
  logBytes: 8 * 1024 * 1024,
  /** Most bytes of a project that are copied into one image. */
  imageFilesBytes: 200 * 1024 * 1024,
} as const;
