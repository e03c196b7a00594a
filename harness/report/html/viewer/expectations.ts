import type { FindingView, RunSummary } from '../payload.ts';
import { h, s } from './dom.ts';
import { quantity, short } from './format.ts';
import { verdictGlyph, verdictMark } from './glyphs.ts';
import type { EvidencePanel } from './evidence.ts';
import { niceStep } from './strip.ts';

/** Which promise was kept, in one sentence, with its evidence and how near it was. */
export function expectationList(findings: readonly FindingView[], siblings: readonly RunSummary[], panel: EvidencePanel): HTMLElement {
  const items = findings.map((finding) =>
    h(
      'li',
      { class: `x-${finding.verdict}` },
      h('div', { class: 'x-verdict' }, verdictMark(finding.verdict)),
      h(
        'div',
        { class: 'x-words' },
        h('code', {}, finding.declared),
        h('p', {}, finding.sentence),
        finding.verdict === 'pass'
          ? null
          : h(
              'p',
              { class: 'note' },
              `Expected ${finding.expected}; measured ${finding.measured}${finding.resolution === null ? '' : ` (${finding.resolution})`}.`,
            ),
        finding.evidence.length === 0
          ? null
          : h('p', { class: 'note' }, 'Evidence: ', ...finding.evidence.flatMap((entry) => [panel.link(entry), ' '])),
      ),
      h('div', { class: 'x-margin' }, margin(finding, siblings)),
    ),
  );
  return h('ul', { class: 'expectations' }, ...items);
}

/** Measured against limit, this run ringed among its repeats. */
function margin(finding: FindingView, siblings: readonly RunSummary[]): Node | null {
  const { measured, expected } = finding.quantities;
  if (measured === undefined || expected === undefined || measured.unit !== expected.unit) return null;
  const others = siblings.flatMap(({ measures }) =>
    measures
      .filter((entry) => entry.check === finding.check && entry.subject === finding.subject && entry.measured?.unit === measured.unit)
      .map((entry) => entry.measured?.value ?? 0),
  );
  const values = [measured.value, expected.value, ...others];
  const top = Math.max(...values, 1e-9) * 1.15;
  const percent = (value: number): string => `${Math.min(100, (value / top) * 100)}%`;
  const svg = s('svg', {
    class: 'margin',
    width: '100%',
    height: 40,
    role: 'img',
    'aria-label': `Measured ${quantity(measured)}, limit ${quantity(expected)}${others.length > 1 ? `, ${others.length} runs` : ''}.`,
  });
  const step = niceStep((top / 4) * 1000) / 1000;
  const isTime = expected.unit === 'ms' && top >= 1000;
  for (let value = 0; value <= top; value += step)
    svg.append(
      s(
        'text',
        { class: 'axis-word', x: percent(value), y: 38, 'text-anchor': value === 0 ? 'start' : 'middle' },
        isTime ? short(value / 1000) : expected.unit === 'ratio' ? short(value * 100) : short(value),
      ),
    );
  svg.append(s('line', { class: 'ground', x1: 0, x2: '100%', y1: 25, y2: 25 }));
  for (const value of others) svg.append(s('circle', { class: 'other', cx: percent(value), cy: 20, r: 2.5 }));
  svg.append(s('line', { class: 'limit', x1: percent(expected.value), x2: percent(expected.value), y1: 6, y2: 25 }));
  svg.append(s('circle', { class: `dot v-${finding.verdict}`, cx: percent(measured.value), cy: 17, r: 4.5 }));
  const unit = isTime ? 's' : expected.unit === 'ratio' ? '%' : expected.unit === 'count' ? '' : expected.unit;
  const words = [`measured${unit === '' ? '' : `, ${unit}`}`, ...(others.length > 1 ? [`${others.length} runs`] : [])].join(' · ');
  return h('div', {}, h('span', { class: 'note' }, words), svg);
}

/** Could this run be judged at all? */
export function guardList(findings: readonly FindingView[], panel: EvidencePanel): HTMLElement {
  const entries = findings.flatMap((finding) => [
    h(
      'dt',
      { class: finding.verdict === 'pass' ? '' : `v-${finding.verdict}` },
      verdictGlyph(finding.verdict),
      h('span', { class: 'hidden' }, `${finding.verdict}: `),
      finding.check.replaceAll('-', ' '),
      h('span', { class: 'faint' }, ` ${finding.subject}`),
    ),
    h(
      'dd',
      {},
      finding.verdict === 'pass' ? `${finding.measured} (${finding.expected})` : finding.sentence,
      ' ',
      ...(finding.verdict === 'pass' ? [] : finding.evidence.map((entry) => panel.link(entry))),
    ),
  ]);
  const groups: HTMLElement[] = [];
  for (let index = 0; index < entries.length; index += 2) groups.push(h('div', {}, ...entries.slice(index, index + 2)));
  return h('dl', { class: 'guards' }, ...groups);
}
