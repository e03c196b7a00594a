import type { Explanations, Values } from './explanation.ts';
import { count, countOf, lengthOf, numberOf, textOf } from './phrases.ts';

const wentEvery = (values: Values): string =>
  `while all was well each of ${countOf(values, 'users', 'user')} went every ${lengthOf(values, 'everyMs')}`;

/** Who was under way all the time, where somebody was. */
const waiting = (values: Values): string =>
  numberOf(values, 'waiting') > 0
    ? `: ${textOf(values, 'waiting')} of ${countOf(values, 'users', 'user')} had set out before and were still waiting at its end. Let the journey give up sooner, or the phase last longer`
    : '';

/** Sentences of what guards and checks say of a journey that users go again and again. */
export const usersExplanations: Explanations = {
  'turns-unaccounted': (values) => ({
    expected: `${textOf(values, 'begun')} outcomes of user ${textOf(values, 'user')}`,
    measured: `${textOf(values, 'rows')} rows of ${countOf(values, 'distinct', 'journey')}`,
    sentence: `Invalid: user ${textOf(values, 'user')} went ${textOf(values, 'journey')} at least ${countOf(values, 'begun', 'time')}, but the recording holds ${countOf(values, 'rows', 'outcome')} of ${countOf(values, 'distinct', 'journey')}.`,
  }),
  'users-silent': (values) => ({
    expected: 'journeys in every judged phase',
    measured: `none in ${textOf(values, 'phase')}`,
    sentence: `Invalid: nobody set out on ${textOf(values, 'journey')} or came back in the ${textOf(values, 'phase')} phase${waiting(values)}.`,
  }),
  'omitted-users-decide': (values) => ({
    expected: 'what holds for those as well who did not come',
    measured: `${textOf(values, 'omitted')} did not come`,
    sentence: `Cannot tell: it would pass by those who went ${textOf(values, 'journey')}, and not with the ${count(numberOf(values, 'omitted'), 'more journey', 'more journeys')} that they would have begun had they not waited (${wentEvery(values)}). Give ${textOf(values, 'journey')} a rate to know.`,
  }),
};

/** What has to be said beside a finding on such a journey; nothing for any other. */
export function usersNote(values: Values): string {
  if (typeof values['omitted'] !== 'number' || typeof values['users'] !== 'number') return '';
  const omitted = values['omitted'] === 0 ? 'nobody is missing for it' : `${count(values['omitted'], 'journey')} were not begun for it`;
  return ` Who goes this journey waits for its end before they go again: ${omitted} (${wentEvery(values)}).`;
}
