import { formatMs } from '../model/time.ts';
import type { Explanations, Values, Words } from './explanation.ts';

/** A number in `values`; stored runs may lack it. */
function num(values: Values, name: string): number {
  const value = values[name];
  return typeof value === 'number' ? value : Number.NaN;
}

function text(values: Values, name: string): string {
  const value = values[name];
  return Array.isArray(value) ? value.join(', ') : String(value ?? 'unknown');
}

const ms = (values: Values, name: string): string => formatMs(num(values, name));
const percent = (ratio: number): string => `${Number((ratio * 100).toFixed(2))} %`;
const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;
/** ` (reason)`, or nothing where none is known. */
const because = (values: Values, name: string): string => (values[name] == null ? '' : ` (${text(values, name)})`);
const invalid = (expected: string, measured: string, sentence: string): Words => ({ expected, measured, sentence: `Invalid: ${sentence}` });
/** `orders->payments`, or `payments` where the fault acts on no edge. */
const place = (values: Values): string => text(values, text(values, 'edges') === '' ? 'services' : 'edges');

/** What was slow or failed, and from when on a call counts as slow. */
const slowness = (values: Values): string =>
  `${text(values, 'hurt')} of ${plural(num(values, 'exchanges'), 'call')} of ${text(values, 'where')} failed or took over ${ms(values, 'limitMs')} ` +
  `(${text(values, 'times')} times their p95 before it, ${ms(values, 'beforeP95Ms')}, and the ${ms(values, 'sentinelRiseMs')} by which the untouched sentinel slowed down)`;

const neverSlower = (values: Values): Words =>
  num(values, 'exchanges') === 0
    ? invalid(
        'calls to compare',
        'too few',
        `fault never felt: while '${text(values, 'subject')}' was in force or before it, too few calls were made to compare them (${text(values, 'needed')} in the baseline are needed).`,
      )
    : invalid(
        `at least ${text(values, 'needed')} calls failed or slow`,
        `${text(values, 'hurt')} of ${text(values, 'exchanges')}`,
        `fault never felt: while '${text(values, 'subject')}' was in force, only ${slowness(values)}; ${text(values, 'needed')} would have shown it.`,
      );

const neverTouched = (values: Values): Words =>
  invalid(
    'at least 1 exchange touched',
    `0 of ${text(values, 'exchanges')}`,
    (num(values, 'exchanges') === 0
      ? `fault never felt: while '${text(values, 'subject')}' was in force, nothing passed ${place(values)}.`
      : `fault never felt: '${text(values, 'subject')}' touched 0 of ${plural(num(values, 'exchanges'), 'exchange')} on ${place(values)}.`) +
      shortened(values),
  );

/** A fault that takes long to take hold has little of its time left. */
const shortened = (values: Values): string =>
  typeof values['actedMs'] === 'number' && values['actedMs'] < num(values, 'plannedMs') / 2
    ? ` It was in force for ${ms(values, 'actedMs')} of the ${ms(values, 'plannedMs')} planned, as it took the rest to take hold: let it last longer.`
    : '';

/** `does orders read PAYMENTS_URL?`, for each edge that nothing passed. */
const bypasses = (values: Values): string => {
  const listOf = (name: string): readonly unknown[] => (Array.isArray(values[name]) ? values[name] : []);
  const variables = listOf('variables');
  return listOf('callers')
    .map((caller, index) => `does ${String(caller)} read ${String(variables[index])}?`)
    .join(' ');
};

const fault: Explanations = {
  'fault-felt': (values) =>
    values['bite'] === 'slower'
      ? {
          expected: `at least ${text(values, 'needed')} calls failed or slow`,
          measured: `${text(values, 'hurt')} of ${text(values, 'exchanges')}`,
          sentence: `Fault '${text(values, 'subject')}' was felt: ${slowness(values)}.`,
        }
      : {
          expected: 'at least 1 exchange touched',
          measured: `${text(values, 'touched')} of ${text(values, 'exchanges')}`,
          sentence:
            values['bite'] === 'process'
              ? `Fault '${text(values, 'subject')}' showed in ${plural(num(values, 'touched'), 'state change')} of ${place(values)}.`
              : `Fault '${text(values, 'subject')}' was felt by ${text(values, 'touched')} of ${plural(num(values, 'exchanges'), 'exchange')} on ${place(values)}.`,
        },
  'fault-never-felt': (values) => (values['bite'] === 'slower' ? neverSlower(values) : neverTouched(values)),
  'edge-bypassed': (values) =>
    invalid(
      `calls on ${text(values, 'bypassed')}`,
      'none in the whole run',
      `fault never felt: no call passed ${text(values, 'bypassed')} in the whole run (${bypasses(values)}).`,
    ),
  'fault-not-acknowledged': (values) =>
    invalid(
      'in force as planned',
      'never acknowledged',
      `fault '${text(values, 'subject')}' (${text(values, 'occurrence')} of ${text(values, 'occurrences')}) was never seen to come into force${because(values, 'reason')}.`,
    ),
  'fault-not-withdrawn-in-run': (values) =>
    invalid(
      'withdrawn as planned',
      'never seen withdrawn',
      `fault '${text(values, 'subject')}' (${text(values, 'occurrence')} of ${text(values, 'occurrences')}) was never seen to end${because(values, 'reason')}.`,
    ),
};

const baseline: Explanations = {
  'baseline-steady': (values) => ({
    expected: 'healthy and steady before the fault',
    measured: `${percent(num(values, 'okRatio'))} ok, p95 ${ms(values, 'firstP95Ms')} → ${ms(values, 'secondP95Ms')}`,
    sentence: `Before the fault ${percent(num(values, 'okRatio'))} of ${plural(num(values, 'arrivals'), 'request')} were ok and p95 went from ${ms(values, 'firstP95Ms')} to ${ms(values, 'secondP95Ms')}.`,
  }),
  'baseline-too-few': (values) =>
    invalid(
      `at least ${text(values, 'needed')} requests`,
      text(values, 'arrivals'),
      `the baseline held ${plural(num(values, 'arrivals'), 'request')}; ${text(values, 'needed')} are needed to know what is normal.`,
    ),
  'baseline-not-ok': (values) =>
    invalid(
      `at least ${percent(num(values, 'okRatioMin'))} ok`,
      percent(num(values, 'okRatio')),
      `the system was not well before the fault: ${text(values, 'notOk')} of ${plural(num(values, 'arrivals'), 'request')} were not ok (${percent(num(values, 'okRatio'))} ok, ${percent(num(values, 'okRatioMin'))} needed).`,
    ),
  'baseline-drifted': (values) =>
    invalid(
      `p95 within ${text(values, 'ratioMax')}× between the halves`,
      `${ms(values, 'firstP95Ms')} → ${ms(values, 'secondP95Ms')}`,
      `the baseline was not steady: p95 went from ${ms(values, 'firstP95Ms')} in its first half to ${ms(values, 'secondP95Ms')} in its second.`,
    ),
};

const load: Explanations = {
  'load-offered': (values) => ({
    expected: `at least ${percent(num(values, 'ratioMin'))} of the schedule`,
    measured: `${text(values, 'offered')} of ${text(values, 'scheduled')}`,
    sentence: `${text(values, 'offered')} of ${plural(num(values, 'scheduled'), 'scheduled request')} were sent and each ended in one outcome.`,
  }),
  'load-not-offered': (values) =>
    invalid(
      `at least ${percent(num(values, 'ratioMin'))} of the schedule`,
      `${text(values, 'phaseOffered')} of ${text(values, 'phaseScheduled')} in ${text(values, 'phase')}`,
      `the load was not offered: of ${plural(num(values, 'phaseScheduled'), 'request')} due in the ${text(values, 'phase')} phase, ${text(values, 'phaseOffered')} were sent and waited for (${text(values, 'shed')} shed, ${text(values, 'aborted')} given up by the harness).`,
    ),
  'load-partly-offered': (values) => ({
    expected: `at least ${percent(num(values, 'ratioMin'))} of the schedule`,
    measured: `${text(values, 'phaseOffered')} of ${text(values, 'phaseScheduled')} in ${text(values, 'phase')}`,
    sentence: `Not all of the load was offered: of ${plural(num(values, 'phaseScheduled'), 'request')} due in the ${text(values, 'phase')} phase, ${text(values, 'phaseOffered')} were sent and waited for (${text(values, 'shed')} shed, ${text(values, 'aborted')} given up by the harness). These count as failed, and no time of that phase is sure.`,
  }),
  'script-silent': (values) =>
    invalid(
      'requests in every judged phase',
      `none in ${text(values, 'phase')}`,
      `the script sent nothing in the ${text(values, 'phase')} phase (${plural(num(values, 'rows'), 'request')} in the whole run): its own durations must cover the scenario's timeline.`,
    ),
  'script-ended-early': (values) =>
    invalid(
      'a script that runs to the end',
      `ended ${ms(values, 'leftMs')} early`,
      `the script ended ${ms(values, 'leftMs')} before the timeline did (${text(values, 'how')}): from then on nothing was asked of the system. Let its scenarios last longer; they are stopped at the timeline's end.`,
    ),
  'script-threw': (values) =>
    invalid(
      'at most 1 % of the iterations',
      percent(num(values, 'ratio')),
      `the script threw in ${percent(num(values, 'ratio'))} of the ${plural(num(values, 'iterations'), 'iteration')} that began in the ${text(values, 'phase')} phase although none of their calls had failed: what they would have called was not asked of the system.`,
    ),
  'load-never-started': (values) =>
    invalid(
      `${text(values, 'scheduled')} requests`,
      'none',
      `the load never started; ${plural(num(values, 'scheduled'), 'request')} were scheduled.`,
    ),
  'arrivals-unaccounted': (values) =>
    invalid(
      `${text(values, 'scheduled')} outcomes`,
      `${text(values, 'rows')} rows of ${text(values, 'distinct')} arrivals`,
      num(values, 'scheduled') === 0
        ? 'the plan schedules no request, so no load was offered.'
        : `${text(values, 'scheduled')} requests were scheduled, but the recording holds ${plural(num(values, 'rows'), 'outcome')} of ${text(values, 'distinct')}.`,
    ),
};

const probe: Explanations = {
  'probe-watched': (values) => ({
    expected: 'state known throughout',
    measured: plural(num(values, 'transitions'), 'state report'),
    sentence: `The state of breaker '${text(values, 'subject')}' was known throughout (${plural(num(values, 'transitions'), 'report')}).`,
  }),
  'probe-silent': (values) =>
    invalid(
      'state reports',
      'none',
      `the probe of breaker '${text(values, 'subject')}' was silent: it never told a state${because(values, 'detail')}.`,
    ),
  'probe-garbage': (values) =>
    invalid(
      'readable state reports',
      plural(num(values, 'reports'), 'unreadable report'),
      `the probe of breaker '${text(values, 'subject')}' brought what cannot be read${because(values, 'detail')}.`,
    ),
  'probe-blind-in-baseline': (values) =>
    invalid(
      'state known in the baseline',
      `unknown for ${ms(values, 'unknownMs')}`,
      `the state of breaker '${text(values, 'subject')}' was unknown for ${ms(values, 'unknownMs')} of the baseline.`,
    ),
  'probe-lost': (values) =>
    invalid(
      'state known throughout',
      `unknown for ${ms(values, 'unknownMs')}`,
      `the probe lost sight of breaker '${text(values, 'subject')}' at ${ms(values, 'fromMs')} for ${ms(values, 'unknownMs')}, and no fault had stopped its service.`,
    ),
};

const recording: Explanations = {
  'recording-whole': (values) => ({
    expected: 'whole',
    measured: 'whole',
    sentence: `The recording is whole: ${plural(num(values, 'requests'), 'request')}, ${plural(num(values, 'exchanges'), 'exchange')}, ${plural(num(values, 'events'), 'event')}.`,
  }),
  'recording-cut': (values) =>
    invalid(
      'whole',
      `cut off at ${ms(values, 'endMs')}`,
      `the recording breaks off at ${ms(values, 'endMs')}: the harness died before the run ended.`,
    ),
  'run-interrupted': (values) =>
    invalid('a completed run', 'interrupted', `the run was interrupted at ${ms(values, 'endMs')}${because(values, 'reason')}.`),
  'run-failed': (values) =>
    invalid('a completed run', 'failed', `the run broke down at ${ms(values, 'endMs')}${because(values, 'reason')}.`),
  'evidence-lost': (values) =>
    invalid(
      'nothing lost',
      `${text(values, 'count')} ${text(values, 'what')} lost`,
      `evidence was lost: ${text(values, 'count')} × ${text(values, 'what')}${num(values, 'limit') > 0 ? ` beyond the limit of ${text(values, 'limit')}` : ''}${num(values, 'kinds') > 1 ? ', and more' : ''}.`,
    ),
  'load-end-unseen': () => invalid('the end of the load', 'never seen', 'the recording does not say that the load ended.'),
};

const timing: Explanations = {
  'driver-on-time': (values) => ({
    expected: `start lag p99 ≤ ${ms(values, 'maxMs')}`,
    measured: ms(values, 'p99Ms'),
    sentence: `The load driver kept its schedule: start lag p99 was at most ${ms(values, 'p99Ms')}.`,
  }),
  'driver-late': (values) => ({
    expected: `start lag p99 ≤ ${ms(values, 'maxMs')}`,
    measured: ms(values, 'p99Ms'),
    sentence: `The load driver was late: start lag p99 was ${ms(values, 'p99Ms')} in the ${text(values, 'phase')} phase; ${ms(values, 'maxMs')} are allowed.`,
  }),
  'driver-unseen': () => ({
    expected: 'started requests',
    measured: 'none',
    sentence: 'No request was started, so nobody knows whether the driver kept its schedule.',
  }),
  'harness-healthy': (values) => ({
    expected: `event-loop delay p99 ≤ ${ms(values, 'maxMs')}`,
    measured: ms(values, 'p99Ms'),
    sentence: `The harness was healthy: its event loops were delayed by at most ${ms(values, 'p99Ms')} (p99).`,
  }),
  'harness-stalled': (values) => ({
    expected: `event-loop delay p99 ≤ ${ms(values, 'maxMs')}`,
    measured: ms(values, 'p99Ms'),
    sentence: `The harness stalled: the event loop of its ${text(values, 'part')} was delayed by ${ms(values, 'p99Ms')} (p99) at ${ms(values, 'atMs')}; ${ms(values, 'maxMs')} are allowed.`,
  }),
  'health-unseen': () => ({
    expected: 'health reports',
    measured: 'none',
    sentence: 'The harness never reported on its own health, so nobody knows how far its times can be trusted.',
  }),
  'machine-quiet': (values) => ({
    expected: `sentinel p95 ≤ ${ms(values, 'maxMs')}`,
    measured: ms(values, 'p95Ms'),
    sentence: `The machine was quiet: the sentinel's p95 was at most ${ms(values, 'p95Ms')}.`,
  }),
  'machine-loud': (values) => ({
    expected: `sentinel p95 ≤ ${ms(values, 'maxMs')}`,
    measured: ms(values, 'p95Ms'),
    sentence: `The machine was busy: in the ${text(values, 'phase')} phase an answer that takes no work took ${ms(values, 'p95Ms')} (p95; ${ms(values, 'maxMs')} are allowed), up to ${ms(values, 'p99Ms')} (p99) at each of ${plural(num(values, 'hops'), 'hop')}${num(values, 'scarceMs') > 0 ? `; work may have piled up for ${ms(values, 'scarceMs')} of it` : ''}.`,
  }),
  'sentinel-too-few': (values) => ({
    expected: `at least ${text(values, 'needed')} samples a phase`,
    measured: text(values, 'samples'),
    sentence: `Nobody knows whether the machine was quiet: the ${text(values, 'phase')} phase has ${plural(num(values, 'samples'), 'sentinel sample')}, ${text(values, 'needed')} are needed.`,
  }),
  'sentinel-failed': (values) => ({
    expected: 'answered sentinel requests',
    measured: `${text(values, 'failed')} of ${text(values, 'samples')} failed`,
    sentence: `Nobody knows whether the machine was quiet: in the ${text(values, 'phase')} phase ${text(values, 'failed')} of ${plural(num(values, 'samples'), 'sentinel request')} failed.`,
  }),
};

const crashes: Explanations = {
  'check-crashed': (values, { check }) => ({
    expected: 'a judgement',
    measured: 'the check crashed',
    sentence: `Cannot tell: the check '${check}' crashed with "${text(values, 'message')}". This is a defect of halfopen.`,
  }),
  'check-unknown': (_values, { check }) => ({
    expected: 'a judgement',
    measured: 'no such check',
    sentence: `Cannot tell: this version of halfopen has no check '${check}'.`,
  }),
};

/** The words for what guards find, and for checks that could not run. */
export const guardExplanations: Explanations = { ...fault, ...baseline, ...load, ...probe, ...recording, ...timing, ...crashes };
