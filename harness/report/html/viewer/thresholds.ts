import type { FindingView, RunDetail, ThresholdView } from '../payload.ts';
import { h } from './dom.ts';
import { plural, short } from './format.ts';
import { verdictGlyph } from './glyphs.ts';
import { section } from './section.ts';

type Judgement = ThresholdView['judgements'][number];

const JUDGES = ['k6', 'halfopen'] as const;
const PHASES = ['warmup', 'baseline', 'fault', 'recovery'] as const;

/** What the load's script demands of itself: by the program that ran it, and by us in each phase. */
export function thresholdsSection(detail: RunDetail, reported: readonly FindingView[]): HTMLElement {
  const { thresholds } = detail;
  const all = thresholds.flatMap(({ judgements }) => judgements);
  const phases = PHASES.filter((phase) => all.some((judgement) => judgement.phase === phase));
  const whole = JUDGES.filter((judge) => all.some(({ phase, judgedBy }) => phase === 'run' && judgedBy === judge));
  const columns: readonly (readonly [words: string, phase: Judgement['phase'], judge: Judgement['judgedBy']])[] = [
    ...whole.map((judge) => [`whole run, by ${judge}`, 'run', judge] as const),
    ...phases.map((phase) => [`${phase}, by halfopen`, phase, 'halfopen'] as const),
  ];
  const rows = thresholds.map((threshold) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, h('code', {}, threshold.metric), ' ', h('code', {}, threshold.condition)),
      ...columns.map(([, phase, judge]) => cell(threshold.judgements.find((entry) => entry.phase === phase && entry.judgedBy === judge))),
    ),
  );
  const table = h(
    'table',
    { class: 'thresholds' },
    h('caption', { class: 'hidden' }, 'Thresholds of the script'),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Threshold'), ...columns.map(([words]) => h('th', { scope: 'col' }, words)))),
    h('tbody', {}, ...rows),
  );
  return section(
    'thresholds',
    'Thresholds of the script',
    'reported, not judged',
    h('p', { class: 'note' }, 'None of these decides the verdict of this run: it follows from what was expected, above.'),
    rows.length === 0
      ? null
      : h('div', { class: 'sideways', tabindex: 0, role: 'region', 'aria-label': 'Thresholds of the script' }, table),
    ...disagreements(thresholds),
    reported.length === 0
      ? null
      : h(
          'ul',
          { class: 'reported' },
          ...reported
            .filter(({ verdict }) => verdict !== 'pass')
            .map(({ verdict, sentence }) => h('li', {}, verdictGlyph(verdict), ` ${sentence}`)),
        ),
  );
}

function cell(judgement: Judgement | undefined): HTMLElement {
  if (judgement === undefined) return h('td', { class: 'faint' }, 'not judged');
  const { isMet, value, samples } = judgement;
  if (isMet === null) return h('td', {}, verdictGlyph('inconclusive'), ' no samples');
  const measured = value === null ? '' : short(value);
  return h(
    'td',
    { class: isMet ? '' : 'v-fail' },
    verdictGlyph(isMet ? 'pass' : 'fail'),
    ` ${isMet ? 'met' : 'crossed'}`,
    measured === '' && samples === null
      ? null
      : h(
          'span',
          { class: 'sub' },
          [measured, ...(samples === null ? [] : [`${plural(samples, 'sample')}`])].filter((part) => part !== '').join(' · '),
        ),
  );
}

/** Two judges of one run that differ: the reader should know, and neither hides the other. */
function disagreements(thresholds: readonly ThresholdView[]): HTMLElement[] {
  return thresholds.flatMap(({ metric, condition, judgements }) => {
    const whole = judgements.filter(({ phase, isMet }) => phase === 'run' && isMet !== null);
    const [first] = whole;
    if (first === undefined || whole.every(({ isMet }) => isMet === first.isMet)) return [];
    const sides = whole.map(({ judgedBy, isMet }) => `${judgedBy} says ${isMet === true ? 'met' : 'crossed'}`).join(', ');
    return [h('p', { class: 'note' }, `The judges differ over the whole run on ${metric} ${condition}: ${sides}.`)];
  });
}
