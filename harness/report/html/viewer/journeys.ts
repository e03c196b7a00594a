import type { JourneyCell, JourneyRow, JourneyView, RunDetail } from '../payload.ts';
import { button, goTo, h } from './dom.ts';
import type { Film } from './film.ts';
import { at, count, latency, plural, short } from './format.ts';
import { section } from './section.ts';
import type { View } from './view.ts';

/** Journeys by step, the phases side by side: what the fault changed for people. */
export function journeysSection({ journeys }: RunDetail, film: Film, view: View): HTMLElement {
  const users = journeys.reduce((sum, journey) => sum + journey.users, 0);
  return section(
    'journeys',
    'Journeys',
    `${plural(users, 'user')} in a real browser`,
    h(
      'p',
      { class: 'note' },
      'Whole journeys stand in the phase in which their user was due, and take their time from that moment; steps in the phase in which they began and ended. The warm-up is left out.',
    ),
    ...journeys.flatMap((journey) => [table(journey), failures(journey, film, view)]),
  );
}

const COLUMNS: Readonly<Record<string, string>> = { across: 'across two phases', drain: 'after the load' };

function table(journey: JourneyView): HTMLElement {
  const head = h(
    'tr',
    {},
    h('th', { scope: 'col' }, h('span', { class: 'hidden' }, 'What')),
    ...journey.phases.map((phase) => h('th', { scope: 'col' }, COLUMNS[phase] ?? phase)),
  );
  const rows = journey.rows.map((row) => body(row, journey.phases.length));
  const name = h('caption', {}, h('b', {}, journey.name), h('span', { class: 'meta' }, plural(journey.users, 'user')));
  return h(
    'div',
    { class: 'sideways', tabindex: 0, role: 'region', 'aria-label': `Journey ${journey.name}` },
    h('table', { class: 'journey' }, name, h('thead', {}, head), ...rows),
  );
}

/** Nothing but zeros is no row: what is missing did not happen. */
function body({ step, cells }: JourneyRow, columns: number): HTMLElement {
  const line = (name: string, value: (cell: JourneyCell) => string, isBad: (cell: JourneyCell) => boolean = () => false): HTMLElement =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      ...cells.map((cell) => h('td', { class: isBad(cell) ? 'v-fail' : '' }, cell.runs === 0 ? '–' : value(cell))),
    );
  const some = (name: string, pick: (cell: JourneyCell) => number): HTMLElement[] =>
    cells.some((cell) => pick(cell) > 0)
      ? [
          line(
            name,
            (cell) => count(pick(cell)),
            (cell) => pick(cell) > 0,
          ),
        ]
      : [];
  const vital = (name: string, pick: (cell: JourneyCell) => number | null, unit: (value: number) => string): HTMLElement[] =>
    cells.some((cell) => pick(cell) !== null)
      ? [
          line(name, (cell) => {
            const value = pick(cell);
            return value === null ? '–' : unit(value);
          }),
        ]
      : [];
  const texts = [...new Set(cells.flatMap(({ shows }) => shows.map(({ text }) => text)))];
  return h(
    'tbody',
    {},
    h('tr', { class: 'step' }, h('th', { scope: 'rowgroup', colspan: columns + 1 }, step === null ? 'The whole journey' : `Step ${step}`)),
    line('ok', okWords),
    ...some('failed', (cell) => cell.failed),
    line('median', ({ p50Ms }) => latency(p50Ms)),
    line('p95', ({ p95Ms }) => latency(p95Ms)),
    ...texts.map((text) => line(`showed “${text}”`, (cell) => shareWords(cell, text))),
    ...some('blank page', (cell) => cell.blank),
    ...some('errors in the console', (cell) => cell.consoleErrors),
    ...some('failed requests of the page', (cell) => cell.failedRequests),
    ...vital('largest paint (LCP), p75', ({ lcpMs }) => lcpMs, latency),
    ...vital('next paint (INP), p75', ({ inpMs }) => inpMs, latency),
    ...vital('layout shift (CLS), p75', ({ cls }) => cls, short),
  );
}

function okWords({ ok, failed, runs }: JourneyCell): string {
  const cut = runs - ok - failed;
  return `${count(ok)} of ${count(runs)}${cut === 0 ? '' : `, ${count(cut)} not sent or cut off`}`;
}

function shareWords({ shows, runs }: JourneyCell, text: string): string {
  const seen = shows.find((entry) => entry.text === text)?.count ?? 0;
  return `${Math.round((seen / runs) * 100)} % (${count(seen)})`;
}

function failures({ failures: listed, failuresTotal }: JourneyView, film: Film, view: View): HTMLElement | null {
  if (failuresTotal === 0) return null;
  const items = listed.map(({ atMs, request, step, outcome, reason, picture }) => {
    const taken = film.pictures.find(({ id }) => id === picture);
    return h(
      'li',
      {},
      button(at(atMs), { class: 'link', title: 'Show this moment on the axis' }, () => {
        view.step(atMs);
        const axis = document.getElementById('timeline');
        if (axis !== null) goTo(axis);
      }),
      ` step ${step} of user ${request}: ${outcome}${reason === '' ? '' : `, ${reason}`} `,
      taken === undefined ? null : button('picture', { class: 'link', 'aria-haspopup': 'dialog' }, () => film.open(taken)),
    );
  });
  const rest = failuresTotal - listed.length;
  return h(
    'details',
    { class: 'failures', open: failuresTotal <= 6 },
    h('summary', {}, `${plural(failuresTotal, 'failed step')}, each with its moment`),
    h('ul', {}, ...items, rest > 0 ? h('li', { class: 'note' }, `${count(rest)} more in the recording`) : null),
  );
}
