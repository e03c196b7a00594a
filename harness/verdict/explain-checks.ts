import { breakerExplanations } from './explain-breaker-checks.ts';
import { deliveryExplanations } from './explain-delivery.ts';
import { fallbackExplanations } from './explain-fallback.ts';
import { pageExplanations } from './explain-page.ts';
import { trafficExplanations } from './explain-traffic-checks.ts';
import type { Explanations } from './explanation.ts';
import { capital, count, countOf, lengthOf, numberOf, textOf } from './phrases.ts';

/** Sentences of `atMostOnce` and `readinessTruth`. */
const truthExplanations: Explanations = {
  'at-most-once': (values) => ({
    expected: `at most 1 ${textOf(values, 'effect')} an intent`,
    measured: numberOf(values, 'repeated') === 0 ? 'at most 1' : `${textOf(values, 'most')} for ${textOf(values, 'example')}`,
    sentence:
      numberOf(values, 'repeated') === 0
        ? `Each of ${countOf(values, 'intents', 'intent')} had one ${textOf(values, 'effect')}.`
        : `${capital(textOf(values, 'effect'))} happened ${count(numberOf(values, 'most'), 'time')} for '${textOf(values, 'example')}'; ${textOf(values, 'repeated')} of ${countOf(values, 'intents', 'intent')} had more than one.`,
  }),
  'effects-without-key': (values) => ({
    expected: 'a key with each effect',
    measured: `${textOf(values, 'keyless')} without one`,
    sentence: `Cannot tell: ${textOf(values, 'keyless')} of ${countOf(values, 'effects', `${textOf(values, 'effect')} effect`)} were reported without a key.`,
  }),
  'readiness-truth': (values) => ({
    expected: 'no failed call while ready',
    measured: numberOf(values, 'lies') === 0 ? 'none' : `${textOf(values, 'lies')} of ${textOf(values, 'calls')} calls`,
    sentence:
      numberOf(values, 'lies') === 0
        ? `${capital(textOf(values, 'service'))} answered ${countOf(values, 'calls', 'call')} while it said that it was ready.`
        : `${capital(textOf(values, 'service'))} said that it was ready, but failed ${textOf(values, 'lies')} of ${countOf(values, 'calls', 'call')}${values['status'] == null ? '' : ` (status ${textOf(values, 'status')})`}; the first ${lengthOf(values, 'firstAfterMs')} after it began to say so.`,
  }),
};

/** Sentences for what any check may have to say when it cannot tell. */
const undecidedExplanations: Explanations = {
  'fault-not-in-force': (values) => ({
    expected: `${textOf(values, 'fault')} in force`,
    measured: 'never acknowledged',
    sentence: `Cannot tell: ${textOf(values, 'fault')} never came into force.`,
  }),
  'fault-not-withdrawn': (values) => ({
    expected: `${textOf(values, 'fault')} withdrawn`,
    measured: 'never seen withdrawn',
    sentence: `Cannot tell: nobody saw that ${textOf(values, 'fault')} was withdrawn.`,
  }),
  'too-few': (values) => ({
    expected: `at least ${textOf(values, 'needed')}`,
    measured: textOf(values, 'count'),
    sentence: `Cannot tell: there ${numberOf(values, 'count') === 1 ? 'was' : 'were'} ${numberOf(values, 'count') === 0 ? 'no' : `only ${textOf(values, 'count')}`} ${textOf(values, 'what')}; ${textOf(values, 'needed')} ${numberOf(values, 'needed') === 1 ? 'is' : 'are'} needed.`,
  }),
  'unsent-decides': (values) => ({
    expected: 'all arrivals sent',
    measured: `${textOf(values, 'unsent')} not sent or not waited for`,
    sentence: `Cannot tell: ${countOf(values, 'unsent', 'arrival')} of the run ${numberOf(values, 'unsent') === 1 ? 'was' : 'were'} not sent, or not waited for, by the load driver; it would ${textOf(values, 'counted')} where they count as failed, and ${textOf(values, 'leftOut')} where they are left out.`,
  }),
  'run-too-short': (values) => ({
    expected: `${lengthOf(values, 'neededMs')} to look at`,
    measured: lengthOf(values, 'leftMs'),
    sentence: `Cannot tell: only ${lengthOf(values, 'leftMs')} were left of the run for ${textOf(values, 'of')}; ${lengthOf(values, 'neededMs')} are needed.`,
  }),
  'not-countable': () => ({
    expected: 'times that are numbers',
    measured: 'times that are none',
    sentence: 'Cannot tell: the recording holds times that are no numbers.',
  }),
  'run-cut': (values) => ({
    expected: 'a whole timeline',
    measured: `the last ${lengthOf(values, 'missingMs')} are missing`,
    sentence: `Cannot tell: the recording breaks off ${lengthOf(values, 'missingMs')} before the end of the timeline.`,
  }),
  'edge-untraced': (values) => ({
    expected: 'a trace id on each call',
    measured: `${textOf(values, 'untraced')} of ${textOf(values, 'calls')} without one`,
    sentence: `Cannot tell: ${textOf(values, 'untraced')} of ${countOf(values, 'calls', 'call')} on ${textOf(values, 'edge')} carried no trace id, so attempts of one call cannot be told from calls.`,
  }),
};

/** The words for every code that a check can end with. */
export const checkExplanations: Explanations = {
  ...breakerExplanations,
  ...trafficExplanations,
  ...fallbackExplanations,
  ...truthExplanations,
  ...deliveryExplanations,
  ...pageExplanations,
  ...undecidedExplanations,
};
