import type { Explanations, Values } from './explanation.ts';
import { countOf, numberOf, round, textOf } from './phrases.ts';

const when = (values: Values): string => (values['phase'] === 'run' ? 'over the whole run' : `during ${textOf(values, 'phase')}`);
const judge = (values: Values): string => (values['judgedBy'] === 'k6' ? 'k6 itself' : 'halfopen, by the samples in it');
const seen = (values: Values): string => (values['value'] == null ? 'unknown' : round(numberOf(values, 'value'), 3));
const sampled = (values: Values): string => (values['samples'] == null ? '' : ` over ${countOf(values, 'samples', 'sample')}`);
const threshold = (values: Values): string => `${textOf(values, 'metric')}: ${textOf(values, 'condition')}`;

/** Sentences on the thresholds of a k6 script that sends the load, and of the check `thresholds`. */
export const scriptExplanations: Explanations = {
  'threshold-met': (values) => ({
    expected: textOf(values, 'condition'),
    measured: seen(values),
    sentence: `The script's threshold ${threshold(values)} was kept ${when(values)} (${seen(values)}${sampled(values)}; judged by ${judge(values)}).`,
  }),
  'threshold-crossed': (values) => ({
    expected: textOf(values, 'condition'),
    measured: seen(values),
    sentence: `The script's threshold ${threshold(values)} was crossed ${when(values)} (${seen(values)}${sampled(values)}; judged by ${judge(values)}).`,
  }),
  'threshold-unsampled': (values) => ({
    expected: textOf(values, 'condition'),
    measured: 'no samples',
    sentence: `Cannot tell: the script's threshold ${threshold(values)} had no samples ${when(values)}; k6 would call it met.`,
  }),
  'thresholds-met': (values) => ({
    expected: 'no threshold crossed',
    measured: 'none',
    sentence: `The script kept ${countOf(values, 'thresholds', 'threshold')} ${textOf(values, 'during')}.`,
  }),
  'thresholds-crossed': (values) => ({
    expected: 'no threshold crossed',
    measured: textOf(values, 'named'),
    sentence: `The script's own thresholds were crossed ${textOf(values, 'during')}: ${textOf(values, 'named')}.`,
  }),
  'thresholds-unsampled': (values) => ({
    expected: 'no threshold crossed',
    measured: 'no samples',
    sentence: `Cannot tell: there were no samples ${textOf(values, 'during')} for ${textOf(values, 'named')}.`,
  }),
};
