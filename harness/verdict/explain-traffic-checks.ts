import type { Explanations, Values } from './explanation.ts';
import { capital, count, countOf, lengthOf, numberOf, quantileName, ratioOf, round, shareOf, textOf } from './phrases.ts';

const who = (values: Values): string => (values['request'] == null ? 'all requests' : textOf(values, 'request'));
const isWithin = (values: Values, measured: string, limit: string): boolean => numberOf(values, measured) <= numberOf(values, limit);
const objective = (values: Values): string =>
  `${shareOf(values, 'availability')} ok and p95 ≤ ${lengthOf(values, 'p95Ms')}, held for ${lengthOf(values, 'holdForMs')}`;
/** What recovery waited for, as far as it was seen. */
const reached = (values: Values): string => {
  const parts = [
    ...(values['firstGoodMs'] == null ? [] : [`the first good call came after ${lengthOf(values, 'firstGoodMs')}`]),
    ...(values['closedMs'] == null ? [] : [`the breaker closed after ${lengthOf(values, 'closedMs')}`]),
  ];
  return parts.length === 0 ? '' : ` ${capital(parts.join(', '))}.`;
};
const normal = (values: Values): string => (values['request'] == null ? 'Service' : `Service of ${textOf(values, 'request')}`);

/** Sentences of `recovery`, `availability`, `latencyWithin`, `failsFast`, `retries`, `stampede`, `backoff` and `isolation`. */
export const trafficExplanations: Explanations = {
  recovery: (values, { resolutionMs }) => ({
    expected: `within ${lengthOf(values, 'withinMs')} of the end of ${textOf(values, 'of')}`,
    measured: lengthOf(values, 'recoveryMs'),
    sentence: `${normal(values)} was normal again ${lengthOf(values, 'recoveryMs')}${resolutionMs === undefined ? '' : ` (± ${round(resolutionMs / 1000, 3)} s)`} after ${textOf(values, 'of')} ended; ${lengthOf(values, 'withinMs')} were allowed.${isWithin(values, 'recoveryMs', 'withinMs') ? '' : reached(values)}`,
  }),
  'recovery-unclear': (values) => ({
    expected: `within ${lengthOf(values, 'withinMs')} of the end of ${textOf(values, 'of')}`,
    measured: lengthOf(values, 'recoveryMs'),
    sentence: `${normal(values)} was normal again ${lengthOf(values, 'recoveryMs')} after ${textOf(values, 'of')} ended, too close to the ${lengthOf(values, 'withinMs')} allowed to tell at this resolution.`,
  }),
  'recovery-censored': (values) => ({
    expected: `within ${lengthOf(values, 'withinMs')} of the end of ${textOf(values, 'of')}`,
    measured: `not recovered in ${lengthOf(values, 'leftMs')}`,
    sentence: `${normal(values)} had not recovered when the timeline ended, ${lengthOf(values, 'leftMs')} after ${textOf(values, 'of')} ended (${objective(values)}); ${lengthOf(values, 'withinMs')} were allowed.${reached(values)}`,
  }),
  availability: (values) => ({
    expected: `at least ${shareOf(values, 'min')} ${values['countDegraded'] === true ? 'ok or degraded' : 'ok'}`,
    measured: shareOf(values, 'ratio'),
    sentence: `${shareOf(values, 'ratio')} of ${count(numberOf(values, 'arrivals'), 'arrival')} of ${who(values)} were ${values['countDegraded'] === true ? 'answered, degraded or not,' : 'ok'} during ${textOf(values, 'during')}; at least ${shareOf(values, 'min')} were expected${numberOf(values, 'bad') > 0 ? ` (${textOf(values, 'outcomes')})` : ''}.`,
  }),
  latency: (values) => ({
    expected: `${quantileName(numberOf(values, 'quantile'))} ≤ ${lengthOf(values, 'maxMs')}`,
    measured: lengthOf(values, 'measuredMs'),
    sentence: `Latency of ${who(values)} (${quantileName(numberOf(values, 'quantile'))}) was ${lengthOf(values, 'measuredMs')} during ${textOf(values, 'during')}, over ${countOf(values, 'arrivals', 'arrival')}; ${lengthOf(values, 'maxMs')} were allowed${isWithin(values, 'measuredMs', 'maxMs') ? '' : `, and ${textOf(values, 'slow')} took longer`}.`,
  }),
  'fails-fast': (values) => ({
    expected: `p95 ≤ ${lengthOf(values, 'p95Ms')} while open`,
    measured: lengthOf(values, 'measuredMs'),
    sentence: `While breaker ${textOf(values, 'breaker')} was open, ${countOf(values, 'rejected', `${textOf(values, 'request')} request`)} that it turned away took ${lengthOf(values, 'measuredMs')} (p95); ${lengthOf(values, 'p95Ms')} were allowed${isWithin(values, 'measuredMs', 'p95Ms') ? '' : `, and ${textOf(values, 'slow')} took longer: something waits or retries before the rejection is passed on`}.`,
  }),
  retries: (values) => ({
    expected: `at most ${ratioOf(values, 'amplificationMax')} the calls`,
    measured: ratioOf(values, 'amplification'),
    sentence: `${round(numberOf(values, 'amplification'), 2)} attempts a call reached ${textOf(values, 'edge')}${values['of'] == null ? ' while a fault was in force' : ` during ${textOf(values, 'of')}`} (${countOf(values, 'attempts', 'attempt')} for ${countOf(values, 'callers', 'request')}, at most ${textOf(values, 'most')} for one); ${round(numberOf(values, 'amplificationMax'), 2)} were allowed.`,
  }),
  stampede: (values) => ({
    expected: `at most ${ratioOf(values, 'ratioMax')} the calls of the baseline`,
    measured: ratioOf(values, 'ratio'),
    sentence: `Calls on ${textOf(values, 'edge')} ${isWithin(values, 'ratio', 'ratioMax') ? 'came' : 'rushed in: they came'} ${ratioOf(values, 'ratio')} as often during ${textOf(values, 'of')} as in the baseline (${round(numberOf(values, 'duringPerSecond'), 1)} a second after ${round(numberOf(values, 'beforePerSecond'), 1)}); ${ratioOf(values, 'ratioMax')} was allowed.`,
  }),
  backoff: (values) => ({
    expected: `first wait ≥ ${lengthOf(values, 'firstMinMs')}`,
    measured: lengthOf(values, 'firstMs'),
    sentence: `Retries on ${textOf(values, 'edge')} waited ${lengthOf(values, 'firstMs')} before the first one (median of ${textOf(values, 'retried')}, spread ${shareOf(values, 'spread')})${values['growthMin'] == null ? '' : `, and ${ratioOf(values, 'growth')} as long before the second`}.`,
  }),
  'backoff-short': (values) => ({
    expected: `first wait ≥ ${lengthOf(values, 'firstMinMs')}`,
    measured: lengthOf(values, 'firstMs'),
    sentence: `Retries on ${textOf(values, 'edge')} did not back off: the first one came ${lengthOf(values, 'firstMs')} after the failure (median of ${countOf(values, 'retried', 'retried request')}); at least ${lengthOf(values, 'firstMinMs')} were expected.`,
  }),
  'backoff-flat': (values) => ({
    expected: `second wait ≥ ${ratioOf(values, 'growthMin')} the first`,
    measured: ratioOf(values, 'growth'),
    sentence: `Retries on ${textOf(values, 'edge')} did not back off further: the second wait was ${ratioOf(values, 'growth')} as long as the first (median of ${textOf(values, 'twice')}); at least ${ratioOf(values, 'growthMin')} was expected.`,
  }),
  'backoff-even': (values) => ({
    expected: `waits that differ by more than ${shareOf(values, 'spreadMin')}`,
    measured: shareOf(values, 'spread'),
    sentence: `Retries on ${textOf(values, 'edge')} all waited the same ${lengthOf(values, 'firstMs')}: their spread was ${shareOf(values, 'spread')} over ${countOf(values, 'retried', 'retried request')}; without jitter callers come back together.`,
  }),
  isolation: (values) => ({
    expected: `p95 ≤ ${ratioOf(values, 'p95RatioMax')} the baseline`,
    measured: `${ratioOf(values, 'ratio')} (${lengthOf(values, 'beforeMs')} → ${lengthOf(values, 'duringMs')})`,
    sentence: isWithin(values, 'duringMs', 'limitMs')
      ? `${capital(who(values))} stayed ${numberOf(values, 'ratio') <= 1.5 ? 'as fast as before' : 'fast enough'}: p95 during ${textOf(values, 'of')} was ${lengthOf(values, 'duringMs')}, ${ratioOf(values, 'ratio')} its baseline of ${lengthOf(values, 'beforeMs')}; ${ratioOf(values, 'p95RatioMax')} was allowed.`
      : `${capital(who(values))} slowed down although it does not need what ${textOf(values, 'of')} hit: p95 went from ${lengthOf(values, 'beforeMs')} to ${lengthOf(values, 'duringMs')}, ${ratioOf(values, 'ratio')} its baseline; ${ratioOf(values, 'p95RatioMax')} was allowed.`,
  }),
  'isolation-dropped': (values) => ({
    expected: `as available as before (${shareOf(values, 'okBefore')} ok)`,
    measured: `${shareOf(values, 'okDuring')} ok`,
    sentence: `${capital(who(values))} failed although it does not need what ${textOf(values, 'of')} hit: ${textOf(values, 'bad')} of ${countOf(values, 'arrivals', 'arrival')} were not ok, ${shareOf(values, 'okDuring')} ok after ${shareOf(values, 'okBefore')} in the baseline.`,
  }),
};
