import type { ScenarioOutcome } from '../../../model/outcome.ts';
import { runSlug, type FindingView, type RecoveryView, type RunDetail, type SuitePayload } from '../payload.ts';
import { button, goTo, h } from './dom.ts';
import { evidencePanel } from './evidence.ts';
import { expectationList, guardList } from './expectations.ts';
import { explorer, padded } from './explorer.ts';
import { at, count, plural, quantity, short } from './format.ts';
import { verdictGlyph } from './glyphs.ts';
import { createFilm, stillsSection } from './film.ts';
import { journeysSection } from './journeys.ts';
import { requestsSection } from './requests.ts';
import { writeRoute, type Route } from './route.ts';
import { section } from './section.ts';
import { loadPictures } from './store.ts';
import { thresholdsSection } from './thresholds.ts';
import { createView, type View } from './view.ts';
import { waterfall } from './waterfall.ts';

/** One run: what was promised, what happened, and the rows that prove it. */
export function scenarioPage(suite: SuitePayload, index: number, detail: RunDetail | null, route: Route): HTMLElement {
  const scenario = suite.outcome.scenarios[index];
  if (scenario === undefined) return h('p', { class: 'say' }, 'There is no such run in this report.');
  const page = h('article', { class: 'scenario', 'aria-labelledby': 'title' }, ...heading(suite, scenario, index));
  if (detail === null) {
    page.append(h('p', { class: 'say' }, 'Nothing was recorded in this run.'), plainFindings(scenario), replay(scenario));
    return page;
  }
  const findings = detail.findings
    .filter(({ guard, reported }) => !guard && !reported)
    .toSorted((left, right) => Number(left.verdict === 'pass') - Number(right.verdict === 'pass'));
  page.append(...degradedNote(detail), facts(scenario, detail), replay(scenario));
  const view = createView(detail.span, detail.bucketMs, {
    ...(route.range === null ? {} : { range: route.range }),
    cursorMs: route.cursorMs,
  });
  page.append(...sections(suite, scenario, index, detail, findings, view, route));
  return page;
}

function heading(suite: SuitePayload, scenario: ScenarioOutcome, index: number): HTMLElement[] {
  const { outcome } = suite;
  const siblings = outcome.scenarios.flatMap(({ name }, other) => (name === scenario.name ? [other] : []));
  const place = siblings.indexOf(index);
  const link = (other: number | undefined, words: string): (Node | string)[] =>
    other === undefined ? [] : [' · ', h('a', { href: writeRoute({ slug: runSlug(outcome, other) }) }, words)];
  return [
    h(
      'p',
      { class: 'crumb' },
      h('a', { href: '#/' }, 'Suite'),
      ` / ${scenario.name}`,
      ...(siblings.length > 1
        ? [` / run ${place + 1} of ${siblings.length}`, ...link(siblings[place - 1], 'previous'), ...link(siblings[place + 1], 'next')]
        : []),
    ),
    h(
      'h1',
      { id: 'title', tabindex: -1 },
      h('span', { class: `v-${scenario.verdict}` }, verdictGlyph(scenario.verdict), ` ${scenario.verdict} `),
      scenario.title === '' ? scenario.name : scenario.title,
    ),
    h('p', { class: 'big' }, scenario.sentence),
  ];
}

/** What the drivers could not see stands before everything that was concluded from what they saw. */
function degradedNote({ degraded }: RunDetail): HTMLElement[] {
  if (degraded.length === 0) return [];
  return [
    h(
      'div',
      { class: 'say degraded', role: 'note' },
      h('b', {}, 'The evidence of this run is degraded: '),
      'what follows was concluded from less than a driver usually tells.',
      h('ul', {}, ...degraded.map((limit) => h('li', {}, limit))),
    ),
  ];
}

/** Expected, measured, missed by, when: of the finding that decided. */
function facts(scenario: ScenarioOutcome, detail: RunDetail): HTMLElement {
  const findings = detail.findings.filter(({ reported }) => !reported);
  const decisive = findings.find(({ verdict }) => verdict === scenario.verdict && verdict !== 'pass');
  const entry = (name: string, ...value: readonly (Node | string)[]): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, ...value));
  if (decisive === undefined) {
    const kept = findings.filter(({ guard, verdict }) => !guard && verdict === 'pass').length;
    const held = findings.filter(({ guard, verdict }) => guard && verdict === 'pass').length;
    const guards = findings.filter(({ guard }) => guard).length;
    return h(
      'dl',
      { class: 'facts' },
      entry('Expectations', `${kept} of ${findings.length - guards} kept`),
      entry('Guards', `${held} of ${guards} held`),
      entry('Arrivals', count(detail.samples.requestsTotal)),
      entry('Calls seen on edges', count(detail.samples.exchangesTotal)),
    );
  }
  const when = decisive.evidence.find(({ fromMs }) => fromMs !== null);
  const span =
    when === undefined || when.fromMs === null
      ? 'no moment to point at'
      : `${at(when.fromMs)}${when.toMs === null || when.toMs - when.fromMs < 1 ? '' : ` to ${at(when.toMs)}`}`;
  return h(
    'dl',
    { class: 'facts' },
    entry('Expected', decisive.expected),
    entry('Measured', `${decisive.measured}${decisive.resolution === null ? '' : ` (${decisive.resolution})`}`),
    entry('Missed by', missedBy(decisive)),
    entry('When', span),
  );
}

function missedBy({ verdict, quantities: { expected, measured }, recovery }: FindingView): string {
  if (verdict !== 'fail') return verdict === 'invalid' ? 'nothing was proved' : 'cannot be told';
  if (recovery !== null && recovery.recoveryMs === null) return 'not recovered by the end';
  if (expected === undefined || measured === undefined || expected.unit !== measured.unit) return 'it is no number';
  const by = Math.abs(measured.value - expected.value);
  const share = expected.value === 0 ? '' : ` (${short((by / expected.value) * 100)} %)`;
  return `${quantity({ value: by, unit: measured.unit })}${share}`;
}

function replay(scenario: ScenarioOutcome): HTMLElement {
  const said = h('span', { role: 'status', class: 'note' });
  const copy = button('Copy', {}, () => {
    if (!isSecureContext) {
      said.textContent = 'select the command and copy it by hand';
      return;
    }
    navigator.clipboard.writeText(scenario.replay).then(
      () => (said.textContent = 'copied'),
      () => (said.textContent = 'select the command and copy it by hand'),
    );
  });
  return h(
    'p',
    { class: 'replay' },
    h('span', {}, 'Replay this run '),
    h('code', { class: 'command' }, scenario.replay),
    ' ',
    copy,
    ' ',
    said,
  );
}

function plainFindings(scenario: ScenarioOutcome): HTMLElement {
  return h(
    'ul',
    {},
    ...scenario.findings.map(({ verdict, check, subject, sentence }) => h('li', {}, `${verdict}: ${check} ${subject}: ${sentence}`)),
  );
}

function sections(
  suite: SuitePayload,
  scenario: ScenarioOutcome,
  index: number,
  detail: RunDetail,
  findings: readonly FindingView[],
  view: View,
  route: Route,
): HTMLElement[] {
  const slug = runSlug(suite.outcome, index);
  const recoveries = findings.flatMap(({ recovery }) => recovery ?? []);
  const shown = findings.find(({ recovery, verdict }) => recovery !== null && verdict !== 'pass')?.recovery ?? recoveries[0] ?? null;
  let trace = route.trace;
  const remember = (): void => {
    const { range, cursorMs } = view.state();
    const isWhole = range.fromMs === view.full.fromMs && range.toMs === view.full.toMs;
    history.replaceState(null, '', writeRoute({ slug, range: isWhole ? null : range, cursorMs, trace }));
  };
  const requests = requestsSection(detail, view, (traceId) => {
    trace = traceId;
    remember();
  });
  rememberSoon(view, remember);
  const panel = evidencePanel(detail, view, (traceId) => requests.showTrace(traceId));
  const guards = detail.findings.filter(({ guard }) => guard);
  const reported = detail.findings.filter((finding) => finding.reported);
  const { folder } = scenario;
  const film = createFilm(detail, loadPictures(index), folder, view);
  const siblings = suite.runs.filter((run) => suite.outcome.scenarios[run.index]?.name === scenario.name);
  const promises = section(
    'expectations',
    'What was expected',
    `${plural(findings.length, 'expectation')}, ${plural(guards.length, 'guard')}`,
    expectationList(findings, siblings, panel),
  );
  const judgeable = section('guards', 'Could this run be judged?', guardWords(guards), guardList(guards, panel));
  const made = [
    section(
      'timeline',
      'What happened',
      detail.zero === 'fault' ? '' : 'no fault was ever acknowledged',
      explorer(detail, shown, film, view),
      panel.element,
      film.dialog,
    ),
    ...(detail.pictures.length === 0 ? [] : [stillsSection(detail, film, view, folder)]),
    ...recoveries.map((recovery, place) => recoverySection(recovery, place, detail, view, waterfall(recovery, detail, panel))),
    ...(guards.every(({ verdict }) => verdict === 'pass') ? [promises, judgeable] : [judgeable, promises]),
    ...(detail.journeys.length === 0 ? [] : [journeysSection(detail, film, view)]),
    ...(detail.thresholds.length + reported.length === 0 ? [] : [thresholdsSection(detail, reported)]),
    section(
      'requests',
      'Sample requests',
      `${count(detail.samples.requests.length)} of ${count(detail.samples.requestsTotal)}: what is cited, what was not ok, the slowest, a few ordinary ones`,
      requests.element,
    ),
    section('log', 'Log of the run', `${plural(detail.events.length, 'event')}`, log(detail, view)),
    section(
      'facts',
      'This run',
      '',
      h('dl', { class: 'run-facts' }, ...detail.facts.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
    ),
  ];
  if (route.trace !== null) queueMicrotask(() => requests.showTrace(route.trace ?? ''));
  return [sectionNav(made, slug), ...made];
}

/** The address follows the view, but not at each pixel of a pointer's way. */
function rememberSoon(view: View, remember: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  view.onChange(() => {
    clearTimeout(timer);
    timer = setTimeout(remember, 250);
  });
}

function guardWords(guards: readonly FindingView[]): string {
  const broken = guards.filter(({ verdict }) => verdict !== 'pass').length;
  return broken === 0 ? 'guards, all held' : `${plural(broken, 'guard')} did not hold`;
}

function recoverySection(recovery: RecoveryView, place: number, detail: RunDetail, view: View, table: HTMLElement): HTMLElement {
  const id = place === 0 ? 'recovery' : `recovery-${place + 1}`;
  const title = recovery.recoveryMs === null ? 'How far it came' : `Where the ${short(recovery.recoveryMs / 1000)} seconds went`;
  const t3 = recovery.moments.find(({ moment }) => moment === 't3')?.atMs ?? null;
  const look = button('Show on the axis', { class: 'link' }, () => {
    if (t3 !== null)
      view.set({ range: padded({ fromMs: t3, toMs: recovery.recoveryMs === null ? detail.span.toMs : t3 + recovery.recoveryMs }) });
    const axis = document.getElementById('timeline');
    if (axis !== null) goTo(axis);
  });
  return section(id, title, `recovery from ${recovery.fault}`, t3 === null ? null : h('p', { class: 'note' }, look), table);
}

function sectionNav(made: readonly HTMLElement[], slug: string): HTMLElement {
  const links = made.map((element) => {
    const link = h(
      'a',
      { href: writeRoute({ slug, section: element.id }) },
      element.querySelector('h2')?.firstChild?.textContent ?? element.id,
    );
    link.addEventListener('click', (event) => {
      event.preventDefault();
      goTo(element);
    });
    return link;
  });
  return h('nav', { class: 'sections', 'aria-label': 'Sections of this run' }, ...links);
}

function log(detail: RunDetail, view: View): HTMLElement {
  const body = h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Log of the run' });
  const element = h('details', {}, h('summary', {}, 'Show the events'), body);
  element.addEventListener('toggle', () => {
    if (!element.open || body.childElementCount > 0) return;
    const rows = detail.events.map((event) =>
      h(
        'tr',
        {},
        h(
          'td',
          { class: 'number' },
          button(at(event.atMs), { class: 'link', title: 'Put the cursor there' }, () => view.step(event.atMs)),
        ),
        h('td', { class: 'faint' }, `${event.kind} ${event.id}`),
        h('th', { scope: 'row' }, event.subject),
        h('td', {}, event.text),
      ),
    );
    body.append(h('table', { class: 'log' }, h('caption', { class: 'hidden' }, 'Events of the run'), h('tbody', {}, ...rows)));
  });
  return element;
}
