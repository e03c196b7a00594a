import type { Explanations, Values } from './explanation.ts';
import { capital, count, countOf, lengthOf, numberOf, textOf } from './phrases.ts';

const expected = (values: Values): string =>
  `each ${textOf(values, 'from')} followed by ${textOf(values, 'to')} within ${lengthOf(values, 'withinMs')}`;
/** Which keys, as far as they are listed. */
const named = (values: Values, missed: number): string => {
  const keys = values['keys'];
  const listed = Array.isArray(keys) ? keys.length : 0;
  if (listed === 0) return '';
  return ` (${textOf(values, 'keys')}${missed > listed ? ` and ${missed - listed} more` : ''})`;
};
const drained = (values: Values): string =>
  numberOf(values, 'backlog') === 0
    ? `nothing had to wait for the end of ${textOf(values, 'of')}`
    : `the backlog of ${textOf(values, 'backlog')} was drained ${lengthOf(values, 'drainedMs')} after ${textOf(values, 'of')} ended`;

/** Sentences of `delivery`. */
export const deliveryExplanations: Explanations = {
  delivery: (values) => ({
    expected: expected(values),
    measured: numberOf(values, 'backlog') === 0 ? 'all, without a backlog' : `all, backlog drained in ${lengthOf(values, 'drainedMs')}`,
    sentence: `${capital(textOf(values, 'to'))} came for each of ${countOf(values, 'promised', `${textOf(values, 'from')} effect`)}; ${drained(values)}${numberOf(values, 'backlog') === 0 ? '' : `, of ${lengthOf(values, 'withinMs')} allowed`}.`,
  }),
  'delivery-lost': (values) => ({
    expected: expected(values),
    measured: `${textOf(values, 'lost')} of ${textOf(values, 'promised')} lost`,
    sentence: `${capital(textOf(values, 'to'))} never came for ${textOf(values, 'lost')} of ${countOf(values, 'promised', `${textOf(values, 'from')} effect`)}${named(values, numberOf(values, 'lost') + numberOf(values, 'late'))}${numberOf(values, 'late') > 0 ? `, and too late for ${textOf(values, 'late')}` : ''}; ${lengthOf(values, 'withinMs')} were allowed, from the end of ${textOf(values, 'of')} at the latest.`,
  }),
  'delivery-late': (values) => ({
    expected: expected(values),
    measured: `${textOf(values, 'late')} of ${textOf(values, 'promised')} late, by up to ${lengthOf(values, 'overdueMs')}`,
    sentence: `${capital(textOf(values, 'to'))} came up to ${lengthOf(values, 'overdueMs')} too late for ${textOf(values, 'late')} of ${countOf(values, 'promised', `${textOf(values, 'from')} effect`)}${named(values, numberOf(values, 'late'))}; ${lengthOf(values, 'withinMs')} were allowed, from the end of ${textOf(values, 'of')} at the latest.`,
  }),
  'effects-lost': (values) => ({
    expected: 'every reported effect',
    measured: `${textOf(values, 'count')} lost`,
    sentence: `Cannot tell: ${count(numberOf(values, 'count'), 'report')} of services went missing, and any of them may have been ${textOf(values, 'from')} or ${textOf(values, 'to')}.`,
  }),
};
