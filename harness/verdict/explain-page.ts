import type { Explanations, Values } from './explanation.ts';
import { count, lengthOf, numberOf, shareOf, textOf } from './phrases.ts';

const has = (values: Values, name: string): boolean => values[name] != null && values[name] !== false;
const wanted = (values: Values): string =>
  [
    ...(has(values, 'shows') ? [`shows '${textOf(values, 'shows')}'`] : []),
    ...(has(values, 'showsNot') ? [`does not show '${textOf(values, 'showsNot')}'`] : []),
    ...(has(values, 'neverBlank') ? ['is not blank'] : []),
  ].join(' and ');
const steps = (values: Values): string =>
  `${count(numberOf(values, 'steps'), 'step')}${has(values, 'step') ? ` '${textOf(values, 'step')}'` : ''}`;
const during = (values: Values): string => (has(values, 'during') ? ` during ${textOf(values, 'during')}` : '');
const expected = (values: Values): string =>
  `a page that ${wanted(values)}${numberOf(values, 'min') < 1 ? ` in at least ${shareOf(values, 'min')} of the steps` : ''}`;
const measured = (values: Values): string => `${textOf(values, 'kept')} of ${textOf(values, 'steps')}`;
/** In how many ways it was broken, most harmful first. */
const broken = (values: Values): string =>
  (
    [
      ['blank', (times: number) => `${times} ended on a blank page`],
      ['unreached', (times: number) => `${count(times, 'journey')} failed before`],
      ['failed', (times: number) => `${times} failed`],
      ['unwanted', (times: number) => `${times} showed '${textOf(values, 'showsNot')}'`],
      ['lacking', (times: number) => `${times} did not show '${textOf(values, 'shows')}'`],
    ] as const
  )
    .flatMap(([way, phrase]) => (numberOf(values, way) > 0 ? [phrase(numberOf(values, way))] : []))
    .join(', ');
const reason = (values: Values): string => (has(values, 'reason') ? `: ${textOf(values, 'reason').replace(/\.$/, '')}` : '');

/** Sentences of `page`. */
export const pageExplanations: Explanations = {
  page: (values) => ({
    expected: expected(values),
    measured: measured(values),
    sentence: `In ${textOf(values, 'kept')} of ${steps(values)} of ${textOf(values, 'journey')}${during(values)} users had a page that ${wanted(values)}${numberOf(values, 'kept') < numberOf(values, 'steps') ? `; at least ${shareOf(values, 'min')} were expected (${broken(values)})` : ''}.`,
  }),
  'page-broken': (values) => ({
    expected: expected(values),
    measured: measured(values),
    sentence: `Only in ${textOf(values, 'kept')} of ${steps(values)} of ${textOf(values, 'journey')}${during(values)} users had a page that ${wanted(values)}; ${numberOf(values, 'min') < 1 ? `at least ${shareOf(values, 'min')}` : 'all'} were expected: ${broken(values)}, the first ${lengthOf(values, 'atMs')} after the load began${reason(values)}.`,
  }),
};
