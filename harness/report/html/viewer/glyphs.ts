import type { BreakerState } from '../../../model/breaker.ts';
import type { Verdict } from '../../../model/verdict.ts';
import type { OutcomeClass } from '../payload.ts';
import { h, s } from './dom.ts';

/** Four shapes, so that no verdict is told by its colour alone. */
export function verdictGlyph(verdict: Verdict): SVGSVGElement {
  const svg = s('svg', { class: `glyph v-${verdict}`, width: 14, height: 14, viewBox: '0 0 14 14', 'aria-hidden': 'true' });
  if (verdict === 'pass')
    svg.append(s('path', { d: 'M2.5 7.5l3 3.2L11.5 3.5', fill: 'none', stroke: 'currentColor', 'stroke-width': 1.8 }));
  if (verdict === 'fail') {
    svg.append(
      s('rect', { x: 0.5, y: 0.5, width: 13, height: 13, fill: 'currentColor' }),
      s('path', { d: 'M4 4l6 6M10 4l-6 6', class: 'on-glyph', 'stroke-width': 1.9 }),
    );
  }
  if (verdict === 'inconclusive') {
    svg.append(
      s('circle', { cx: 7, cy: 7, r: 5.8, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5 }),
      s('path', { d: 'M7 1.2a5.8 5.8 0 0 1 0 11.6z', fill: 'currentColor' }),
    );
  }
  if (verdict === 'invalid') {
    svg.append(
      s('circle', { cx: 7, cy: 7, r: 5.6, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5 }),
      s('path', { d: 'M2.8 11.2L11.2 2.8', stroke: 'currentColor', 'stroke-width': 1.5 }),
    );
  }
  return svg;
}

export function verdictMark(verdict: Verdict, text: string = verdict): HTMLSpanElement {
  return h('span', { class: `verdict v-${verdict}` }, verdictGlyph(verdict), text);
}

/** Fills that survive greyscale, shared by every drawing of the page. */
export function patternDefs(): SVGSVGElement {
  const pattern = (id: string, size: number, turn: number, ...marks: readonly SVGElement[]): SVGPatternElement =>
    s(
      'pattern',
      { id, width: size, height: size, patternUnits: 'userSpaceOnUse', patternTransform: `rotate(${turn})` },
      s('rect', { class: 'p-ground', width: size, height: size }),
      ...marks,
    );
  return s(
    'svg',
    { class: 'defs', width: 0, height: 0, 'aria-hidden': 'true', focusable: 'false' },
    s(
      'defs',
      {},
      pattern('p-asked', 5, 45, s('rect', { class: 'p-ink', width: 2, height: 5 })),
      pattern('p-half', 4, 45, s('rect', { class: 'p-ochre', width: 2, height: 4 })),
      pattern('p-unknown', 5, 0, s('circle', { class: 'p-grey', cx: 1.5, cy: 1.5, r: 1 })),
      pattern(
        'p-degraded',
        5,
        0,
        s('rect', { class: 'p-degraded', width: 5, height: 5 }),
        s('circle', { class: 'p-ink', cx: 2.5, cy: 2.5, r: 0.9 }),
      ),
      pattern('p-unsent', 4, 0, s('rect', { class: 'p-ink', width: 4, height: 1.6 })),
      pattern(
        'p-wrong',
        5,
        45,
        s('rect', { class: 'p-purple', width: 5, height: 1.6 }),
        s('rect', { class: 'p-purple', width: 1.6, height: 5 }),
      ),
    ),
  );
}

export function outcomeSwatch(outcome: OutcomeClass): SVGSVGElement {
  return s(
    'svg',
    { class: 'swatch', width: 16, height: 10, 'aria-hidden': 'true' },
    s('rect', { class: `o-${outcome}`, width: 16, height: 10 }),
  );
}

/** A breaker's state: height first, then texture, then colour. */
export function breakerMark(state: BreakerState, x: number, width: number, height: number): SVGElement {
  const length = Math.max(width, 1);
  switch (state) {
    case 'closed':
      return s('rect', { class: 'b-closed', x, y: height - 3, width: length, height: 3 });
    case 'open':
      return s('rect', { class: 'b-open', x, y: 0, width: length, height });
    case 'forced-open':
      return s('rect', { class: 'b-open b-forced', x, y: 0, width: length, height });
    case 'half-open':
      return s('rect', { class: 'b-half', x, y: height / 2, width: Math.max(length, 3), height: height / 2 });
    case 'disabled':
      return s('rect', { class: 'b-disabled', x, y: height - 3, width: length, height: 3 });
    case 'unknown':
      return s('rect', { class: 'b-unknown', x, y: 0.5, width: length, height: height - 1 });
  }
}

export function halfOpenDisc(x: number, y: number): SVGElement {
  return s(
    'g',
    { transform: `translate(${x} ${y})` },
    s('circle', { class: 'disc-ground', r: 7 }),
    s('circle', { class: 'disc', r: 5 }),
    s('path', { class: 'disc-half', d: 'M0 -5a5 5 0 0 0 0 10z' }),
  );
}

/** A key entry: a drawing and its words. */
export function keyEntry(words: string, ...marks: readonly SVGElement[]): HTMLSpanElement {
  return h('span', { class: 'key-entry' }, s('svg', { width: 22, height: 14, 'aria-hidden': 'true' }, ...marks), words);
}
