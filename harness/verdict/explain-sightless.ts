import type { Explanations, Values } from './explanation.ts';
import { count, lengthOf, numberOf, textOf } from './phrases.ts';

/** What one canary met, in words. */
const MET: Readonly<Record<string, (length: string) => string>> = {
  answered: (length) => `an answer after ${length}`,
  refused: (length) => `a refused connection after ${length}`,
  reset: (length) => `a reset after ${length}`,
  closed: (length) => `a close without an answer after ${length}`,
  timeout: (length) => `no answer within ${length}`,
};

const met = (values: Values, moment: 'before' | 'during'): string => {
  const outcome = textOf(values, moment);
  return (Object.hasOwn(MET, outcome) ? MET[outcome]?.(lengthOf(values, `${moment}Ms`)) : undefined) ?? 'nothing';
};

/** What canaries met before the fault, or nothing where none flew. */
const beforehand = (values: Values): string => (values['before'] == null ? '' : `; before it, ${met(values, 'before')}`);

/** Why canaries could not tell. */
const REASONS: Readonly<Record<string, (values: Values) => string>> = {
  'none-sent': (values) => `no connection of the harness's own reached the proxy of ${textOf(values, 'edges')}`,
  unwell: (values) =>
    `already before it a connection of the harness's own on ${textOf(values, 'edges')} was not answered in time (${met(values, 'before')})`,
  'no-sign': (values) =>
    `what a connection of the harness's own met on ${textOf(values, 'edges')} does not tell (${met(values, 'during')}${beforehand(values)})`,
};

const cannotTell = (values: Values): string => {
  const reason = textOf(values, 'reason');
  return Object.hasOwn(REASONS, reason) ? (REASONS[reason]?.(values) ?? '') : 'no evidence was recorded';
};

/** Sentences for runs in an environment that does not show everything: without taps, without what services print. */
export const sightlessExplanations: Explanations = {
  'canary-felt': (values) => ({
    expected: 'at least 1 canary that shows the fault',
    measured: `${textOf(values, 'touched')} of ${textOf(values, 'canaries')}`,
    sentence: `Fault '${textOf(values, 'subject')}' was felt by a connection of the harness's own on ${textOf(values, 'edges')}: ${met(values, 'during')}${beforehand(values)}${numberOf(values, 'stillAfter') > 0 ? '. It still showed after the fault was withdrawn' : ''}.`,
  }),
  'canary-unfelt': (values) => ({
    expected: 'at least 1 canary that shows the fault',
    measured: `0 of ${textOf(values, 'canaries')}`,
    sentence: `Invalid: fault never felt: while '${textOf(values, 'subject')}' was in force, ${count(numberOf(values, 'canaries'), "connection of the harness's own", "connections of the harness's own")} on ${textOf(values, 'edges')} met nothing of it (${met(values, 'during')}${beforehand(values)}). Do callers and harness reach the callee through this proxy?`,
  }),
  'canary-cannot-tell': (values) => ({
    expected: 'at least 1 canary that shows the fault',
    measured: 'cannot be told',
    sentence: `Cannot tell whether fault '${textOf(values, 'subject')}' was felt: ${cannotTell(values)}, and there is no tap.`,
  }),
  'probe-impossible': (values) => ({
    expected: 'state known throughout',
    measured: 'cannot be watched here',
    sentence: `Cannot tell the state of breaker '${textOf(values, 'subject')}': its probe (${textOf(values, 'probe')}) cannot watch in the environment '${textOf(values, 'environment')}'.`,
  }),
  'power-lacking': (values) => ({
    expected: 'a judgement',
    measured: 'cannot be seen here',
    sentence: `Cannot tell: this needs the power '${textOf(values, 'lacking')}', which the environment '${textOf(values, 'environment')}' does not have.`,
  }),
};
