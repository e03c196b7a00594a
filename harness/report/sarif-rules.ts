/** What a failed check says of the system itself, whatever the run: a rule of SARIF. */
export interface StandingRule {
  /** In PascalCase, as readers of SARIF show it. */
  readonly name: string;
  /** What is wrong, as a title. */
  readonly title: string;
  /** Why it matters, and what to do. */
  readonly help: string;
  /** `error`: users get what is wrong or lose what they were promised. `warning`: the system holds out less than it could. */
  readonly level: 'error' | 'warning';
}

/**
 * Checks that stand for a property of the system, by kind. The others measure one run (recovery, availability, latency, a page, a
 * script's thresholds) or repeat what others of these say (`visits`): theirs are verdicts, and no findings that stand.
 */
export const STANDING_RULES: Readonly<Record<string, StandingRule>> = {
  opens: {
    name: 'BreakerDoesNotOpen',
    title: 'A breaker does not open',
    help: 'The breaker lets calls through to a callee that fails, or opens too late. Check its threshold, its window, which errors it counts, and that calls pass through it.',
    level: 'warning',
  },
  staysClosed: {
    name: 'BreakerOpensWithoutCause',
    title: 'A breaker opens without cause',
    help: 'The breaker turns users away although its callee serves. Raise its least number of calls or its threshold, and see that answers which are the caller’s own fault do not count.',
    level: 'warning',
  },
  staysOpen: {
    name: 'BreakerClosesDuringFault',
    title: 'A breaker closes although its callee still fails',
    help: 'The breaker takes up a broken callee again. Let trial calls decide, and let every kind of failure count.',
    level: 'warning',
  },
  trialCalls: {
    name: 'TooManyTrialCalls',
    title: 'A half-open breaker lets too many calls through',
    help: 'What tries whether a callee is back must not be the whole load. Limit the calls of the half-open state.',
    level: 'warning',
  },
  closes: {
    name: 'BreakerDoesNotClose',
    title: 'A breaker does not close',
    help: 'The callee is back, and the breaker still turns users away. Check that it tries again, and what a trial call needs to succeed.',
    level: 'warning',
  },
  failsFast: {
    name: 'WaitsWhileOpen',
    title: 'Requests wait although the breaker is open',
    help: 'A request that an open breaker turns away must be answered at once. Look for retries, queues or timeouts outside of the breaker.',
    level: 'warning',
  },
  retries: {
    name: 'RetryAmplification',
    title: 'Retries multiply the calls on an edge',
    help: 'A callee that is in trouble gets several times its load. Put the breaker outside of the retries, limit attempts, and retry on one level only.',
    level: 'warning',
  },
  backoff: {
    name: 'NoBackoff',
    title: 'Retries do not back off',
    help: 'Retries come at once, at the same distance, or all at the same time. Wait before the first one, longer before each next one, and add jitter.',
    level: 'warning',
  },
  stampede: {
    name: 'Stampede',
    title: 'Calls stampede onto an edge',
    help: 'What a cache kept away from its source falls on it at once. Let one call fill an entry, refresh early, and limit what passes.',
    level: 'warning',
  },
  isolation: {
    name: 'NoIsolation',
    title: 'A fault reaches requests that do not need what it hits',
    help: 'Requests share something that ran out: connections, threads, a queue. Give each callee its own limit.',
    level: 'warning',
  },
  fallback: {
    name: 'DishonestFallback',
    title: 'Degraded answers are not honest',
    help: 'An answer stands in for the real one without saying so, is too old, was invented, or is still given after the fault. Mark it, bound its age, and end it.',
    level: 'error',
  },
  atMostOnce: {
    name: 'EffectDoneTwice',
    title: 'An effect is done more than once',
    help: 'A call that was repeated had its effect again. Give each intent a key, and let the callee refuse the second one.',
    level: 'error',
  },
  delivery: {
    name: 'PromiseNotKept',
    title: 'What was promised is not done',
    help: 'An effect that was accepted never follows, or too late. Store the promise before answering, and drain what is left after the fault.',
    level: 'error',
  },
  readinessTruth: {
    name: 'ReadyAndDoesNotServe',
    title: 'A service says that it is ready and does not serve',
    help: 'Traffic is sent to a service that cannot answer it. Let readiness ask for what requests need.',
    level: 'error',
  },
};
