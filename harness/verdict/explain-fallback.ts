import type { Explanation, Explanations, Values, Words } from './explanation.ts';
import { countOf, lengthOf, numberOf, textOf } from './phrases.ts';

const answers = (values: Values, name: string): string => countOf(values, name, `${textOf(values, 'request')} answer`);
const served = (values: Values): string =>
  values['exampleValue'] == null && values['exampleVersion'] == null
    ? 'nothing'
    : [values['exampleValue'], values['exampleVersion']].filter((part) => part != null).join(' as version ');
const when = (values: Values): string => `${lengthOf(values, 'atMs')} after ${textOf(values, 'of')} began`;

const PARTS: Readonly<Record<string, (values: Values) => string>> = {
  'fallback-after': (values) => `${answers(values, 'after')} were degraded or wrong after recovery`,
  'fallback-unreal': (values) => `${answers(values, 'unreal')} carried what the source never had`,
  'fallback-unmarked': (values) => `${answers(values, 'unmarked')} were not fresh and not marked`,
  'fallback-wrong': (values) => `${answers(values, 'malformed')} did not match the schema`,
  'fallback-stale': (values) => `${answers(values, 'stale')} were too old`,
};

/** A failure's words, with what else was wrong behind them. */
function failing(code: string, words: (values: Values) => Words): Explanation {
  return (values) => {
    const parts = values['parts'];
    const others = (Array.isArray(parts) ? parts : []).filter((part) => part !== code).flatMap((part) => PARTS[part]?.(values) ?? []);
    const { sentence, ...rest } = words(values);
    return { ...rest, sentence: others.length === 0 ? sentence : `${sentence} Besides, ${others.join(', and ')}.` };
  };
}

/** Sentences of `fallback`, one for each way in which it can be broken. */
export const fallbackExplanations: Explanations = {
  fallback: (values) => ({
    expected: `marked, real, at most ${lengthOf(values, 'stalenessMaxMs')} old, none after recovery`,
    measured: `at most ${lengthOf(values, 'oldestMs')} old`,
    sentence: `${answers(values, 'degraded')} stood in for the real one, every one marked; ${numberOf(values, 'valued') === numberOf(values, 'degraded') ? 'each' : textOf(values, 'valued')} carried a value that ${textOf(values, 'source')} had really given, at most ${lengthOf(values, 'oldestMs')} before. None was degraded after recovery.`,
  }),
  'fallback-unclear': (values) => ({
    expected: `at most ${lengthOf(values, 'stalenessMaxMs')} old`,
    measured: `${lengthOf(values, 'oldestMs')}, give or take ${lengthOf(values, 'clockMs')}`,
    sentence: `Cannot tell: the oldest of ${answers(values, 'degraded')} was ${lengthOf(values, 'oldestMs')} old by two clocks that are known to each other to ${lengthOf(values, 'clockMs')}, too close to the ${lengthOf(values, 'stalenessMaxMs')} allowed.`,
  }),
  'fallback-stale': failing('fallback-stale', (values) => ({
    expected: `at most ${lengthOf(values, 'stalenessMaxMs')} old`,
    measured: lengthOf(values, 'oldestMs'),
    sentence: `Staleness: ${answers(values, 'stale')} were older than the ${lengthOf(values, 'stalenessMaxMs')} allowed, up to ${lengthOf(values, 'oldestMs')}; the first came ${when(values)}.`,
  })),
  'fallback-unreal': failing('fallback-unreal', (values) => ({
    expected: `a value that ${textOf(values, 'source')} really gave`,
    measured: `${textOf(values, 'unreal')} invented`,
    sentence: `Served value was not real: ${answers(values, 'unreal')} carried what ${textOf(values, 'source')} never gave (first ${served(values)}, ${when(values)}).`,
  })),
  'fallback-unmarked': failing('fallback-unmarked', (values) => ({
    expected: 'a marker on each answer that is not fresh',
    measured: `${textOf(values, 'unmarked')} without one`,
    sentence: `Marker missing: ${answers(values, 'unmarked')} were not fresh (no value, or older than the ${lengthOf(values, 'freshMaxMs')} usual in health) and not marked; the first came ${when(values)}.`,
  })),
  'fallback-wrong': failing('fallback-wrong', (values) => ({
    expected: 'answers that match their schema',
    measured: `${textOf(values, 'malformed')} that do not`,
    sentence: `Schema: ${answers(values, 'malformed')} did not match; the first came ${when(values)}.`,
  })),
  'fallback-after': failing('fallback-after', (values) => ({
    expected: 'no degraded or wrong answer after recovery',
    measured: `${textOf(values, 'after')} after recovery`,
    sentence: `After recovery was due: ${answers(values, 'after')} were still degraded or wrong with no failed call of their own to excuse them, the last one ${lengthOf(values, 'lastAfterMs')} after ${textOf(values, 'of')} ended.`,
  })),
};
