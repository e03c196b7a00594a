import type { LeftOut, ScenarioOutcome } from '../../../model/outcome.ts';
import type { Verdict } from '../../../model/verdict.ts';
import { runSlug, type RunSummary, type SuitePayload } from '../payload.ts';
import { h, s } from './dom.ts';
import { plural, tick } from './format.ts';
import { formatMs } from '../../../model/time.ts';
import { breakerMark, keyEntry, verdictGlyph, verdictMark } from './glyphs.ts';
import { writeRoute } from './route.ts';
import { recoveryDots, recoveryScale, stripOf, stripScale, type Scale } from './strip.ts';

/** Worst first: what failed before what could not be judged. */
const ORDER = ['fail', 'invalid', 'inconclusive', 'pass'] as const satisfies readonly Verdict[];

interface Entry {
  readonly index: number;
  readonly slug: string;
  readonly scenario: ScenarioOutcome;
  readonly run: RunSummary | undefined;
}

export function overviewPage(suite: SuitePayload): HTMLElement {
  const { outcome, runs } = suite;
  const entries = outcome.scenarios.map((scenario, index): Entry => ({
    index,
    scenario,
    slug: runSlug(outcome, index),
    run: runs.find((run) => run.index === index),
  }));
  const page = h(
    'section',
    { 'aria-labelledby': 'title' },
    h('h1', { id: 'title', tabindex: -1 }, `Suite: ${runs[0]?.system ?? 'halfopen'}`, meta(entries)),
    counts(entries),
    ...sentences(entries),
  );
  if (entries.length === 0) {
    page.append(h('p', { class: 'say' }, 'No scenario ran.'), ...leftOutNotes(outcome.leftOut ?? []));
    return page;
  }
  page.append(
    ...leftOutNotes(outcome.leftOut ?? []),
    table(entries),
    key(),
    h(
      'p',
      { class: 'note' },
      'All strips share one clock: 0 is the moment at which the fault was acknowledged. Recovery counts from the acknowledged end of the fault to the first window of normal service that then holds.',
    ),
  );
  return page;
}

/** What did not run stands above what did: its absence from the table must not pass for a pass. */
function leftOutNotes(leftOut: readonly LeftOut[]): readonly HTMLElement[] {
  return leftOut.map(({ name, sentence, wayOut }) =>
    h(
      'p',
      { class: 'say' },
      h('b', {}, `Left out: ${name}`),
      `, as ${sentence}`,
      ...(wayOut === undefined ? [] : ['; way out: ', h('code', {}, wayOut)]),
      '.',
    ),
  );
}

function meta(entries: readonly Entry[]): HTMLElement {
  const names = new Set(entries.map(({ scenario }) => scenario.name)).size;
  const environments = [...new Set(entries.flatMap(({ run }) => run?.environment ?? []))].join(', ');
  const durationMs = entries.reduce((total, { scenario }) => total + scenario.durationMs, 0);
  const parts = [
    plural(names, 'scenario'),
    plural(entries.length, 'run'),
    ...(environments === '' ? [] : [`environment ${environments}`]),
    formatMs(durationMs),
  ];
  return h('span', { class: 'meta' }, parts.join(' · '));
}

function counts(entries: readonly Entry[]): HTMLElement {
  const words = { fail: 'failed', invalid: 'invalid', inconclusive: 'inconclusive', pass: 'passed' } as const;
  const marks = ORDER.flatMap((verdict) => {
    const total = entries.filter(({ scenario }) => scenario.verdict === verdict).length;
    return total === 0 ? [] : [verdictMark(verdict, `${total} ${words[verdict]}`), ' '];
  });
  return h('p', { class: 'lead' }, ...marks);
}

/** At most three sentences: the worst of them say why this is no pass. */
function sentences(entries: readonly Entry[]): HTMLElement[] {
  const worst = sorted(entries).filter(({ scenario }) => scenario.verdict !== 'pass');
  const shown = worst
    .slice(0, 3)
    .map(({ scenario, slug }) =>
      h('p', { class: 'say' }, h('b', {}, h('a', { href: writeRoute({ slug }) }, slug)), `: ${scenario.sentence}`),
    );
  return worst.length > 3 ? [...shown, h('p', { class: 'say' }, `${plural(worst.length - 3, 'further run')} did not pass.`)] : shown;
}

function sorted(entries: readonly Entry[]): Entry[] {
  return entries.toSorted(
    (left, right) => ORDER.indexOf(left.scenario.verdict) - ORDER.indexOf(right.scenario.verdict) || left.index - right.index,
  );
}

/** One row a scenario; its repeats share the row, and the worst of them draws the strip. */
function table(entries: readonly Entry[]): HTMLElement {
  const groups = [...Map.groupBy(sorted(entries), ({ scenario }) => scenario.name).values()];
  const runs = entries.flatMap(({ run }) => run ?? []);
  const strip = stripScale(runs);
  const recovery = recoveryScale(runs);
  const header = h(
    'tr',
    { role: 'row' },
    h('th', { role: 'columnheader', scope: 'col', class: 'c-verdict' }, 'Verdict'),
    h('th', { role: 'columnheader', scope: 'col', class: 'c-title' }, 'Scenario'),
    h('th', { role: 'columnheader', scope: 'col', class: 'c-strip' }, 'The run: not-ok share, breaker', axis(strip)),
    h('th', { role: 'columnheader', scope: 'col', class: 'c-recovery' }, 'Recovery, and its limit', axis(recovery)),
    h('th', { role: 'columnheader', scope: 'col', class: 'c-value' }, 'Recovered'),
  );
  return h(
    'table',
    { class: 'overview', role: 'table' },
    h('caption', { class: 'hidden' }, 'Scenarios, worst first'),
    h('thead', { role: 'rowgroup' }, header),
    h('tbody', { role: 'rowgroup' }, ...groups.map((group) => row(group, strip, recovery))),
  );
}

function axis(scale: Scale): SVGSVGElement {
  const labels = scale.ticks.map((atMs) =>
    s('text', { x: `${scale.percent(atMs)}%`, y: 13, 'text-anchor': 'middle' }, atMs === 0 ? '0 s' : tick(atMs)),
  );
  return s('svg', { class: 'axis', width: '100%', height: 18, 'aria-hidden': 'true' }, ...labels);
}

function row(group: readonly Entry[], strip: Scale, recovery: Scale): HTMLElement {
  const worst = group[0];
  if (worst === undefined) return h('tr');
  const { scenario, run, slug } = worst;
  const cell = (name: string, ...children: readonly (Node | string | null)[]): HTMLElement =>
    h('td', { role: 'cell', class: name }, ...children);
  return h(
    'tr',
    { role: 'row', class: `r-${scenario.verdict}` },
    cell('c-verdict', verdictMark(scenario.verdict)),
    h(
      'th',
      { role: 'rowheader', scope: 'row', class: 'c-title' },
      h('a', { href: writeRoute({ slug }) }, scenario.title === '' ? scenario.name : scenario.title),
      h('span', { class: 'sub' }, [scenario.name, ...(run?.faults ?? ['no recording']), ...driverWords(run)].join(' · ')),
      group.length > 1 ? repeats(group) : null,
    ),
    cell('c-strip', run === undefined ? h('span', { class: 'sub' }, 'nothing was recorded') : stripOf(run, strip)),
    cell(
      'c-recovery',
      recoveryDots(
        group.map(({ run, scenario }) => ({ recovery: run?.recovery ?? null, verdict: scenario.verdict })),
        recovery,
      ),
    ),
    cell('c-value', ...recoveredWords(group)),
  );
}

/** Who sent the load where it was not the usual driver, and whether that one could see everything. */
function driverWords(run: RunSummary | undefined): string[] {
  if (run === undefined) return [];
  return [...(run.driver === 'builtin' ? [] : [`load by ${run.driver}`]), ...(run.isDegraded ? ['evidence degraded'] : [])];
}

function repeats(group: readonly Entry[]): HTMLElement {
  const links = group
    .toSorted((left, right) => left.index - right.index)
    .map(({ slug, scenario }, place) =>
      h(
        'a',
        {
          href: writeRoute({ slug }),
          title: `run ${place + 1}: ${scenario.verdict}`,
          'aria-label': `run ${place + 1}: ${scenario.verdict}`,
        },
        verdictGlyph(scenario.verdict),
      ),
    );
  const good = group.filter(({ scenario }) => scenario.verdict === 'pass').length;
  return h('span', { class: 'repeats' }, `${good} of ${group.length} passed `, ...links);
}

/** The worst run's recovery in words; a censored one is no number. */
function recoveredWords(group: readonly Entry[]): (Node | string)[] {
  const recoveries = group.flatMap(({ run }) => run?.recovery ?? []);
  const worst = recoveries.toSorted((left, right) => (right.recoveryMs ?? Infinity) - (left.recoveryMs ?? Infinity))[0];
  if (worst === undefined)
    return [h('b', {}, '—'), h('span', { class: 'sub' }, group[0]?.scenario.verdict === 'invalid' ? 'not measured' : 'not asked')];
  const censored = recoveries.filter(({ recoveryMs }) => recoveryMs === null).length;
  const limit = worst.limitMs === null ? '' : `of ${formatMs(worst.limitMs)}`;
  if (worst.recoveryMs !== null) return [h('b', {}, formatMs(worst.recoveryMs)), h('span', { class: 'sub' }, limit)];
  return [
    h('b', { class: 'v-fail' }, 'never'),
    h('span', { class: 'sub' }, group.length > 1 ? `in ${censored} of ${group.length}` : limit),
  ];
}

function key(): HTMLElement {
  return h(
    'p',
    { class: 'key' },
    keyEntry('fault acting', s('rect', { class: 'band', width: 22, height: 14 })),
    keyEntry('answers not ok, 0–100 %', s('path', { class: 'o-error', d: 'M0 14V9H6V3H14V7H22V14Z' })),
    keyEntry('breaker closed', breakerMark('closed', 0, 22, 12)),
    keyEntry('half-open', breakerMark('half-open', 0, 22, 12)),
    keyEntry('open', breakerMark('open', 0, 22, 12)),
    keyEntry(
      'recovery, ± resolution',
      s('line', { class: 'whisker', x1: 1, x2: 21, y1: 7, y2: 7 }),
      s('circle', { class: 'dot', cx: 11, cy: 7, r: 4 }),
    ),
    keyEntry('limit', s('line', { class: 'limit', x1: 8, x2: 8, y1: 0, y2: 14 })),
    keyEntry('not recovered when the run ended (no number exists)', s('path', { class: 'censored', d: 'M5 2L14 7L5 12Z' })),
  );
}
