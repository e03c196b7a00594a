import type { Explanations, Values } from './explanation.ts';
import { count, countOf, lengthOf, numberOf, textOf } from './phrases.ts';

const within = (values: Values): string => `within ${lengthOf(values, 'withinMs')}`;
const interval = (values: Values): string => `between ${lengthOf(values, 'lowestMs')} and ${lengthOf(values, 'afterMs')}`;
const isLate = (values: Values): boolean => numberOf(values, 'afterMs') > numberOf(values, 'withinMs');
/** States as a walk: `closed → open`. */
const walk = (values: Values, name: string): string => {
  const states = values[name];
  return Array.isArray(states) && states.length > 0 ? states.join(' → ') : 'nothing';
};

/** Sentences of `opens`, `staysClosed`, `visits`, `staysOpen`, `trialCalls` and `closes`. */
export const breakerExplanations: Explanations = {
  opens: (values) => ({
    expected: within(values),
    measured: lengthOf(values, 'afterMs'),
    sentence: `Breaker ${textOf(values, 'subject')} opened ${lengthOf(values, 'afterMs')} after ${textOf(values, 'of')} began, after ${countOf(values, 'calls', 'call')} on ${textOf(values, 'edge')}; ${lengthOf(values, 'withinMs')} were allowed.`,
  }),
  'opens-unclear': (values) => ({
    expected: within(values),
    measured: interval(values),
    sentence: `Breaker ${textOf(values, 'subject')} opened ${interval(values)} after ${textOf(values, 'of')} began; its probe is too coarse to say whether the ${lengthOf(values, 'withinMs')} allowed were kept.`,
  }),
  'opens-never': (values) => ({
    expected: within(values),
    measured: 'never',
    sentence: `Breaker ${textOf(values, 'subject')} never opened, although ${countOf(values, 'failed', 'call')} on ${textOf(values, 'edge')} failed after ${textOf(values, 'of')} began; it had to open within ${lengthOf(values, 'withinMs')}.`,
  }),
  'opens-already': (values) => ({
    expected: `closed when ${textOf(values, 'of')} begins`,
    measured: textOf(values, 'state'),
    sentence: `Breaker ${textOf(values, 'subject')} was ${textOf(values, 'state')} before ${textOf(values, 'of')} began, so nobody can tell whether the fault opens it.`,
  }),
  'stays-closed': (values) => ({
    expected: 'closed under the whole load',
    measured: numberOf(values, 'times') === 0 ? 'closed throughout' : `opened ${count(numberOf(values, 'times'), 'time')}`,
    sentence:
      numberOf(values, 'times') > 0 || values['state'] !== undefined
        ? `Breaker ${textOf(values, 'subject')} did not stay closed: it was ${textOf(values, 'state')} ${lengthOf(values, 'atMs')} after the load began, and away for ${lengthOf(values, 'awayMs')} in all.`
        : `Breaker ${textOf(values, 'subject')} stayed closed through ${countOf(values, 'calls', 'call')} on ${textOf(values, 'edge')}, ${numberOf(values, 'failed') === 0 ? 'none' : textOf(values, 'failed')} of which failed.`,
  }),
  visits: (values) => ({
    expected: walk(values, 'states'),
    measured:
      numberOf(values, 'cycles') === 0
        ? walk(values, 'seen')
        : `${walk(values, 'states')}, ${count(numberOf(values, 'cycles'), 'further open period')}`,
    sentence: `Breaker ${textOf(values, 'subject')} went ${walk(values, 'states')}, with ${numberOf(values, 'cycles') === 0 ? 'no' : textOf(values, 'cycles')} further open ${numberOf(values, 'cycles') === 1 ? 'period' : 'periods'} between and no other state.`,
  }),
  'visits-stray': (values) => ({
    expected: walk(values, 'states'),
    measured: walk(values, 'seen'),
    sentence: `Breaker ${textOf(values, 'subject')} ${values['before'] == null ? 'began' : `went from ${textOf(values, 'before')} to`} ${textOf(values, 'stray')} ${lengthOf(values, 'atMs')} after the baseline began; ${walk(values, 'states')} was expected, ${walk(values, 'seen')} was seen.`,
  }),
  'visits-incomplete': (values) => ({
    expected: walk(values, 'states'),
    measured: walk(values, 'seen'),
    sentence: `Breaker ${textOf(values, 'subject')} never went on to ${walk(values, 'missing')}: ${walk(values, 'states')} was expected, ${walk(values, 'seen')} was seen by the end of the timeline.`,
  }),
  'stays-open': (values) => ({
    expected: `not closed while ${textOf(values, 'of')} is in force`,
    measured: numberOf(values, 'times') === 0 ? 'not closed' : `closed ${count(numberOf(values, 'times'), 'time')}`,
    sentence:
      numberOf(values, 'times') === 0
        ? `Breaker ${textOf(values, 'subject')}, once open, did not close while ${textOf(values, 'of')} was in force; it tried ${count(numberOf(values, 'tries'), 'time')} in ${lengthOf(values, 'heldMs')}.`
        : `Breaker ${textOf(values, 'subject')} was ${textOf(values, 'state')} again ${lengthOf(values, 'atMs')} after ${textOf(values, 'of')} began, ${lengthOf(values, 'earlyMs')} before the fault was withdrawn.`,
  }),
  'trial-calls': (values) => ({
    expected: `at most ${count(numberOf(values, 'max'), 'trial call')}`,
    measured: String(numberOf(values, 'calls')),
    sentence:
      numberOf(values, 'calls') > numberOf(values, 'max')
        ? `Breaker ${textOf(values, 'subject')} let ${countOf(values, 'calls', 'call')} try on ${textOf(values, 'edge')} in one half-open stretch, ${lengthOf(values, 'atMs')} after the load began; ${textOf(values, 'max')} ${numberOf(values, 'max') === 1 ? 'was' : 'were'} allowed.`
        : `Breaker ${textOf(values, 'subject')} let at most ${countOf(values, 'calls', 'call')} try in each of ${countOf(values, 'stretches', 'half-open stretch', 'half-open stretches')}; ${textOf(values, 'max')} ${numberOf(values, 'max') === 1 ? 'was' : 'were'} allowed.`,
  }),
  'trial-calls-unclear': (values) => ({
    expected: `at most ${count(numberOf(values, 'max'), 'trial call')}`,
    measured: `up to ${textOf(values, 'calls')}`,
    sentence: `Up to ${countOf(values, 'calls', 'call')} may have tried while breaker ${textOf(values, 'subject')} was half-open; its probe is too coarse to say whether it was more than ${textOf(values, 'max')}.`,
  }),
  closes: (values) => ({
    expected: within(values),
    measured: numberOf(values, 'afterMs') === 0 ? 'closed before the fault ended' : lengthOf(values, 'afterMs'),
    sentence: `Breaker ${textOf(values, 'subject')} was closed for good ${lengthOf(values, 'afterMs')} after ${textOf(values, 'of')} ended${numberOf(values, 'reopened') > 0 ? `, having opened again ${count(numberOf(values, 'reopened'), 'time')}` : ''}; ${lengthOf(values, 'withinMs')} were allowed${isLate(values) ? ', so it was late' : ''}.`,
  }),
  'closes-unclear': (values) => ({
    expected: within(values),
    measured: interval(values),
    sentence: `Breaker ${textOf(values, 'subject')} closed ${interval(values)} after ${textOf(values, 'of')} ended; its probe is too coarse to say whether the ${lengthOf(values, 'withinMs')} allowed were kept.`,
  }),
  'closes-never': (values) => ({
    expected: within(values),
    measured: `still ${textOf(values, 'state')} after ${lengthOf(values, 'leftMs')}`,
    sentence: `Breaker ${textOf(values, 'subject')} was still ${textOf(values, 'state')} when the timeline ended, ${lengthOf(values, 'leftMs')} after ${textOf(values, 'of')} ended, having tried ${count(numberOf(values, 'trials'), 'time')}; it had to close within ${lengthOf(values, 'withinMs')}.`,
  }),
  'breaker-unknown': (values) => ({
    expected: 'a known state',
    measured: `unknown for ${lengthOf(values, 'unknownMs')}`,
    sentence: `Cannot tell: the state of breaker ${textOf(values, 'breaker')} was unknown for ${lengthOf(values, 'unknownMs')} of the time that counts.`,
  }),
  'never-opened': (values) => ({
    expected: 'a breaker that opens',
    measured: 'it never opened',
    sentence: `Cannot tell: breaker ${textOf(values, 'breaker')} never opened in the time that counts.`,
  }),
};
