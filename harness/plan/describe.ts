import type { Catalogue } from '../model/catalogue.ts';
import { proxyNameOfEdge } from '../model/edge-name.ts';
import { OTHER_REQUEST, type JourneyTemplate } from '../model/load.ts';
import type { Plan } from '../model/plan.ts';
import { formatMs } from '../model/time.ts';
import { isByUsers, usersOf } from '../model/users.ts';
import { alignColumns, bullet, pairs, seconds } from './layout.ts';
import { blindness, placeIn } from './place.ts';

/** A plan for people: what would be started, done and judged, and when. Nothing is started by reading it. At most 100 columns. */
export function describePlan(plan: Plan, catalogue: Catalogue): string {
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ['', headLines(plan, catalogue)],
    ["Timeline, in seconds from the load's start", timelineLines(plan)],
    [`Load: ${arrivalsInWords(plan)}; sent by ${driverInWords(plan, catalogue)}`, loadLines(plan)],
    ['Expectations', expectationLines(plan, catalogue)],
    ['Breakers watched', probeLines(plan, catalogue)],
    [plan.powers.includes('process') ? 'Services started' : 'Services, none of which is started', serviceLines(plan)],
    ['Proxies, one for each edge', edgeLines(plan)],
    ['Limits', limitLines(plan)],
  ];
  return `${sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => [...(title === '' ? [] : [title]), ...lines].join('\n'))
    .join('\n\n')}\n`;
}

function headLines(plan: Plan, { environments }: Catalogue): string[] {
  const { name, title, tags, hash } = plan.scenario;
  const environment = environments[plan.environment];
  const overrides = Object.entries(plan.overrides).flatMap(([service, variables]) =>
    Object.entries(variables).map(([variable, value]) => `${service}.${variable}=${value}`),
  );
  return [
    ...bullet(name === '' ? title : `${name}: ${title}`, { first: '', rest: '  ' }),
    ...pairs([
      ['environment', environment === undefined ? plan.environment : `${plan.environment}: ${environment.describe()}`],
      ['powers', `needs ${list(plan.needs)}; has ${list(plan.powers)}`],
      ...placeIn(environment, plan.settings, plan.system).notes.map((note) => ['', note] as const),
      ['seed', `${plan.seed}, which fixes arrivals, values and the shares of faults`],
      ['pace', plan.pace],
      ...(tags.length === 0 ? [] : [['tags', tags.join(' ')] as const]),
      ...(overrides.length === 0 ? [] : [['set', overrides.join(' ')] as const]),
      ['hash', hash],
    ]),
  ];
}

function list(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.join(', ');
}

const PHASE_NOTES = {
  warmup: 'the same load; recorded, judged by nothing',
  baseline: 'health, that the rest is compared with',
  fault: '',
  recovery: '',
} as const;

/** Windows of one fault that are printed; the rest is counted. */
const WINDOWS_SHOWN = 8;

function timelineLines({ phases, faults, limits }: Plan): string[] {
  const faultRows = faults.flatMap(({ name, summary, windows }) => {
    const shown = windows.slice(0, WINDOWS_SHOWN).map(({ fromUs, toUs }, index) => ({
      fromUs,
      row: [
        seconds(fromUs),
        seconds(toUs),
        `  ${name}${windows.length > 1 ? ` ${index + 1}/${windows.length}` : ''}`,
        index === 0 ? summary : '',
      ],
    }));
    const last = windows.at(-1);
    if (windows.length <= WINDOWS_SHOWN || last === undefined) return shown;
    const left = windows.length - WINDOWS_SHOWN;
    return [...shown, { fromUs: last.fromUs, row: ['…', seconds(last.toUs), `  ${name}`, `${left} more`] }];
  });
  faultRows.sort((left, right) => left.fromUs - right.fromUs);
  const rows = phases.flatMap(({ name, fromUs, toUs }) => [
    [seconds(fromUs), seconds(toUs), name, PHASE_NOTES[name]],
    ...(name === 'fault' ? faultRows.map(({ row }) => row) : []),
  ]);
  const end = seconds(phases.at(-1)?.toUs ?? 0);
  const drain = [end, `≤${seconds((phases.at(-1)?.toUs ?? 0) + limits.drainMs * 1000)}`, 'drain', 'answers still in flight'];
  return alignColumns([...rows, drain], { indent: 2, right: [0, 1] });
}

function arrivalsInWords({ load, schedule }: Plan): string {
  if (load.kind !== 'open') return `the script ${load.file}, which brings its own arrivals`;
  const { kind, ...fields } = load.arrivals;
  const words = Object.entries(fields).map(([name, value]) => `${name.replace(/[A-Z]/g, ' $&').toLowerCase()} ${value}`);
  const users = usersOf(load).length;
  const beside = users === 0 ? '' : `, and ${users === 1 ? '1 user who goes' : `${users} users who go`} again and again`;
  return `${kind}, ${words.join(', ')}; ${schedule.intendedUs.length} arrivals${beside}`;
}

function driverInWords({ driver }: Plan, { loads }: Catalogue): string {
  const row = loads[driver];
  return row === undefined ? driver : `${driver}, ${row.describe()}`;
}

function loadLines({ load, phases, schedule }: Plan): string[] {
  if (load.kind !== 'open') {
    const rows = load.requests.map(({ name, method, path }) => [name, `${method} ${path}`]);
    return alignColumns([...rows, [OTHER_REQUEST, 'every other call']], { indent: 2, right: [] });
  }
  const journeys = load.journeys ?? [];
  const wanted = [
    ...load.requests.map(({ name, method, path, timeoutMs }) => ({
      name,
      words: `${method} ${path}, timeout ${formatMs(timeoutMs)}`,
      isUnplanned: false,
    })),
    ...journeys.map((journey) => ({ name: journey.name, words: journeyInWords(journey), isUnplanned: isByUsers(journey) })),
  ];
  const counts = wanted.map(() => phases.map(() => 0));
  for (const [arrival, atUs] of schedule.intendedUs.entries()) {
    const phase = phases.findIndex(({ fromUs, toUs }) => atUs >= fromUs && atUs < toUs);
    const row = counts[schedule.request[arrival] ?? -1];
    if (row !== undefined && phase >= 0) row[phase] = (row[phase] ?? 0) + 1;
  }
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const rows = wanted.map(({ name, words, isUnplanned }, index) => {
    const own = counts[index] ?? [];
    if (isUnplanned) return [name, ...own.map(() => '-'), '-', words];
    return [name, ...own.map(String), String(sum(own)), words];
  });
  const totals = phases.map((_, phase) => sum(counts.map((row) => row[phase] ?? 0)));
  const head = ['request', ...phases.map(({ name }) => name), 'total', ''];
  const foot = ['all', ...totals.map(String), String(sum(totals)), ''];
  return alignColumns([head, ...rows, foot], { indent: 2, right: phases.map((_, index) => index + 1).concat(phases.length + 1) });
}

function journeyInWords(journey: JourneyTemplate): string {
  const way = `journey ${journey.file}, given up after ${formatMs(journey.timeoutMs)}`;
  if (!isByUsers(journey)) return way;
  const { users, thinkMs } = journey;
  const pause = thinkMs === 0 ? '' : ` after ${formatMs(thinkMs)} of thought`;
  return `${way}; ${users === 1 ? '1 user goes' : `${users} users go, each`} again${pause} when the last has ended`;
}

function expectationLines(plan: Plan, catalogue: Catalogue): string[] {
  return plan.expectations.flatMap((expectation, index) => {
    const words = catalogue.checks[expectation.check]?.describe(expectation) ?? expectation.check;
    const blind = blindness(expectation, catalogue, plan);
    return bullet(blind === null ? words : `${words} [cannot be told in ${plan.environment}: ${blind}]`, {
      first: `  ${String(index + 1).padStart(2)}. `,
      rest: '      ',
    });
  });
}

function probeLines({ system, environment, unwatched = [] }: Plan, { probes }: Catalogue): string[] {
  const rows = Object.entries(system.breakers).map(([name, { edge, probe }]) => {
    const row = probes[probe.kind];
    if (row === undefined) return [name, edge, probe.kind];
    if (unwatched.includes(name)) return [name, edge, `not watched in ${environment}: ${row.describe(probe)}; its state stays unknown`];
    const sight = row.canSeeHalfOpen ? 'sees half-open' : 'cannot see half-open';
    return [name, edge, `${row.describe(probe)}; ${sight}; observer effect: ${row.observerEffect}`];
  });
  return alignColumns(rows, { indent: 2, right: [] });
}

function serviceLines({ system }: Plan): string[] {
  return alignColumns(
    Object.entries(system.services).map(([name, { command, ready, readyWithinMs }]) => [
      name === system.entry ? `${name} (entry)` : name,
      `${command.join(' ')}; ready when ${ready === undefined ? 'it accepts connections' : `${ready} answers 200`}, within ${formatMs(readyWithinMs)}`,
    ]),
    { indent: 2, right: [] },
  );
}

function edgeLines(plan: Plan): string[] {
  const { system, sentinelEveryUs } = plan;
  const edges = system.edges.map((edge) => {
    const { name, protocol, caller, env, url } = edge;
    return [name, protocol, [...wayOf(edge, plan), `${caller} learns it from ${env}=${url}`].join('; ')];
  });
  const sentinel = [
    'load->sentinel',
    'http',
    `an echo every ${formatMs(sentinelEveryUs / 1000)} that no fault touches: how quiet the machine is`,
  ];
  return alignColumns([...edges, sentinel], { indent: 2, right: [] });
}

/** What carries which faults of an edge; nothing where the harness's own proxy carries all of them. */
function wayOf({ name, protocol }: Plan['system']['edges'][number], { powers, settings }: Plan): string[] {
  if (!powers.includes('tap')) {
    const proxy = settings.attach?.proxies?.[name] ?? proxyNameOfEdge(name);
    return [`Toxiproxy that is already there: ${proxy}, no tap`];
  }
  if (!powers.includes('container')) return [];
  return [`relay (${protocol === 'http' ? 'tap, HTTP faults' : 'tap'}) → Toxiproxy (TCP faults)`];
}

function limitLines({ limits, guards }: Plan): string[] {
  return pairs([
    ['rows kept', `${limits.exchanges} exchanges, ${limits.events} events, ${limits.effects} effects`],
    [
      'guards',
      Object.entries(guards)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
  ]);
}
