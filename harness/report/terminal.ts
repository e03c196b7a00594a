import type { BreakerState } from '../model/breaker.ts';
import { SENTINEL } from '../model/load.ts';
import type { Plan } from '../model/plan.ts';
import type { RequestRow } from '../model/recording.ts';
import type { NewEvent } from '../model/sink.ts';
import { runLine, suiteLines, whyLines } from './terminal-summary.ts';
import type { Line, Style, TerminalMessage, TerminalMode } from './terminal-contract.ts';

/** Slots of the last second, and their length in microseconds. */
const SLOTS = 10;
const SLOT_US = 100_000;

type Ending = 'ok' | 'degraded' | 'bad';

/** Everything the terminal knows; made anew by each message. */
export interface TerminalState {
  readonly mode: TerminalMode;
  readonly runs: number;
  readonly run: RunState | null;
}

interface RunState {
  readonly plan: Plan;
  readonly place: number;
  readonly nowUs: number;
  readonly loadStartedUs: number | null;
  readonly phase: string;
  readonly breakers: Readonly<Record<string, BreakerState>>;
  /** Faults that are asked for or in force. */
  readonly faults: Readonly<Record<string, 'asked' | 'in force' | 'ending'>>;
  /** Endings in each tenth of the last second; `slot` is the number of the newest tenth since run start. */
  readonly rates: { readonly slot: number; readonly counts: readonly Readonly<Record<Ending, number>>[] };
}

const NONE: Readonly<Record<Ending, number>> = { ok: 0, degraded: 0, bad: 0 };

export function openTerminal(mode: TerminalMode): TerminalState {
  return { mode, runs: 0, run: null };
}

/** The next state, and the lines that stay on the screen. */
export function tell(state: TerminalState, message: TerminalMessage): { readonly state: TerminalState; readonly lines: readonly Line[] } {
  switch (message.kind) {
    case 'suite-started': {
      const words = `${message.runs} ${message.runs === 1 ? 'run' : 'runs'} · environment ${message.environment}`;
      return { state: { ...state, runs: message.runs }, lines: [[strong('halfopen'), faint(` ${words}`)]] };
    }
    case 'run-started': {
      const run = newRun(message.plan, message.place);
      return { state: { ...state, run }, lines: state.mode === 'plain' ? [started(run, state.runs)] : [] };
    }
    case 'record':
      return message.record.table === 'events' ? onEvent(state, message.record.row) : { state: onRow(state, message.record), lines: [] };
    case 'tick':
      return { state: state.run === null ? state : { ...state, run: moveTo(state.run, message.nowUs) }, lines: [] };
    case 'run-ended':
      return { state: { ...state, run: null }, lines: [runLine(message.outcome, state.run?.plan.driver), ...whyLines(message.outcome)] };
    case 'note':
      return { state, lines: [[plain(message.text)]] };
    case 'suite-ended':
      return { state: { ...state, run: null }, lines: suiteLines(message.outcome, message.files) };
  }
}

function newRun(plan: Plan, place: number): RunState {
  const breakers = Object.fromEntries(Object.keys(plan.system.breakers).map((name) => [name, 'unknown' as const]));
  return { plan, place, nowUs: 0, loadStartedUs: null, phase: 'starting', breakers, faults: {}, rates: { slot: 0, counts: [NONE] } };
}

function onRow(
  state: TerminalState,
  record: Exclude<Extract<TerminalMessage, { kind: 'record' }>['record'], { table: 'events' }>,
): TerminalState {
  if (state.run === null || record.table !== 'requests' || record.row.name === SENTINEL) return state;
  return { ...state, run: counted(state.run, record.row) };
}

/** Batches may bring rows that ended earlier than the newest tenth; those older than a second are no longer news. */
function counted(run: RunState, row: RequestRow): RunState {
  const moved = moveTo(run, Math.max(run.nowUs, row.endedUs));
  const age = moved.rates.slot - Math.floor(row.endedUs / SLOT_US);
  if (age >= SLOTS) return moved;
  const ending: Ending = row.outcome === 'ok' || row.outcome === 'degraded' ? row.outcome : 'bad';
  const counts = moved.rates.counts.map((count, index) => (index === age ? { ...count, [ending]: count[ending] + 1 } : count));
  return { ...moved, rates: { ...moved.rates, counts } };
}

/** Newest tenth first. */
function moveTo(run: RunState, nowUs: number): RunState {
  const slot = Math.floor(nowUs / SLOT_US);
  const ahead = slot - run.rates.slot;
  const now = Math.max(nowUs, run.nowUs);
  if (ahead <= 0) {
    const counts = Array.from({ length: SLOTS }, (_, index) => run.rates.counts[index] ?? NONE);
    return { ...run, nowUs: now, rates: { ...run.rates, counts } };
  }
  const counts = Array.from({ length: SLOTS }, (_, index) => run.rates.counts[index - ahead] ?? NONE);
  return { ...run, nowUs: now, rates: { slot, counts } };
}

function onEvent(state: TerminalState, event: NewEvent): { readonly state: TerminalState; readonly lines: readonly Line[] } {
  if (state.run === null) return { state, lines: [] };
  const before = moveTo(state.run, event.atUs);
  const run = after(before, event);
  // What the evidence lacks is no progress that passes by: it stays in either mode.
  const stays = state.mode === 'plain' || (event.kind === 'driver' && event.what === 'degraded');
  const line = stays ? eventLine(run, event) : null;
  return { state: { ...state, run }, lines: line === null ? [] : [line] };
}

function after(run: RunState, event: NewEvent): RunState {
  switch (event.kind) {
    case 'load-started':
      return { ...run, loadStartedUs: event.atUs };
    case 'phase':
      return { ...run, phase: event.phase };
    case 'breaker':
      return { ...run, breakers: { ...run.breakers, [event.breaker]: event.to } };
    case 'fault': {
      const { [event.fault]: _, ...others } = run.faults;
      if (event.step === 'withdrawn' || event.step === 'failed') return { ...run, faults: others };
      const now = event.step === 'requested' ? 'asked' : event.step === 'acknowledged' ? 'in force' : 'ending';
      return { ...run, faults: { ...others, [event.fault]: now } };
    }
    default:
      return run;
  }
}

/** One line for what a log reader wants to find again: phases, fault steps, breakers, services that move during the load, losses. */
function eventLine(run: RunState, event: NewEvent): Line | null {
  const at = faint(`  ${clock(run, event.atUs)}  `);
  switch (event.kind) {
    case 'phase':
      return [at, plain('phase '), strong(event.phase)];
    case 'fault': {
      const repeat = event.occurrence > 0 ? ` #${event.occurrence + 1}` : '';
      const reason = event.reason === undefined ? '' : `: ${event.reason}`;
      return [
        at,
        plain('fault '),
        strong(`${event.fault}${repeat}`),
        { text: ` ${event.step.replace('-', ' ')}${reason}`, style: event.step === 'failed' ? 'bad' : 'plain' },
      ];
    }
    case 'breaker':
      // How each breaker starts, and that it goes with its service at the end, is no news.
      if (run.loadStartedUs === null || run.phase === 'drain') return null;
      return [at, plain('breaker '), strong(event.breaker), plain(` ${event.from} → `), { text: event.to, style: breakerStyle(event.to) }];
    case 'service':
      return run.loadStartedUs === null || event.state === 'stopped'
        ? null
        : [at, plain('service '), strong(event.service), plain(` ${event.state}`)];
    case 'driver':
      if (event.what === 'degraded') return [at, { text: `evidence degraded: ${event.driver}: ${event.detail}`, style: 'degraded' }];
      return event.what === 'exit' ? [at, plain('driver '), strong(event.instance), plain(` ended: ${event.detail}`)] : null;
    case 'mark':
      return [at, plain('mark '), strong(event.name), plain(event.detail === undefined ? '' : ` ${event.detail}`)];
    case 'lost':
      return [at, { text: `lost ${event.count} of ${event.what} (limit ${event.limit})`, style: 'bad' }];
    case 'run-ended':
      return event.how === 'completed'
        ? null
        : [at, { text: `run ${event.how}${event.reason === undefined ? '' : `: ${event.reason}`}`, style: 'bad' }];
    default:
      return null;
  }
}

/** The block that is drawn again and again while a run is on; empty between runs and in plain mode. */
export function liveLines(state: TerminalState, columns: number): readonly Line[] {
  const { run } = state;
  if (run === null || state.mode === 'plain') return [];
  const totals = run.rates.counts.reduce(
    (sum, count) => ({ ok: sum.ok + count.ok, degraded: sum.degraded + count.degraded, bad: sum.bad + count.bad }),
    NONE,
  );
  const faults = Object.entries(run.faults);
  const lines: Line[] = [
    [faint(`${run.place}/${state.runs} `), strong(run.plan.scenario.name), faint(`  ${run.plan.scenario.title}`)],
    [plain('  '), strong(run.phase), plain(`  ${elapsed(run)}  `), ...bar(run)],
    [
      plain('  last second  '),
      { text: `${totals.ok} ok`, style: 'ok' },
      plain('  '),
      { text: `${totals.degraded} degraded`, style: totals.degraded > 0 ? 'degraded' : 'faint' },
      plain('  '),
      { text: `${totals.bad} failed`, style: totals.bad > 0 ? 'bad' : 'faint' },
    ],
    [
      plain('  breakers     '),
      ...Object.entries(run.breakers).flatMap(([name, breaker]) => [
        plain(`${name} `),
        { text: breaker, style: breakerStyle(breaker) },
        plain('  '),
      ]),
    ],
    [
      plain('  fault        '),
      ...(faults.length === 0 ? [faint('none')] : faults.map(([name, now]) => ({ text: `${name} ${now}  `, style: 'strong' as const }))),
    ],
  ];
  return lines.map((line) => cut(line, columns));
}

const BAR_CELLS = 24;

function bar(run: RunState): Line {
  const totalUs = run.plan.phases.at(-1)?.toUs ?? 0;
  const share = run.loadStartedUs === null || totalUs === 0 ? 0 : Math.min(1, Math.max(0, (run.nowUs - run.loadStartedUs) / totalUs));
  const full = Math.round(share * BAR_CELLS);
  return [plain('█'.repeat(full)), faint('░'.repeat(BAR_CELLS - full))];
}

/** `12.4 s of 28 s` of the timeline; before the load, how long the start takes. */
function elapsed(run: RunState): string {
  const totalS = (run.plan.phases.at(-1)?.toUs ?? 0) / 1e6;
  if (run.loadStartedUs === null) return `${(run.nowUs / 1e6).toFixed(1)} s`;
  return `${Math.max(0, (run.nowUs - run.loadStartedUs) / 1e6).toFixed(1)} of ${Number(totalS.toFixed(1))} s`;
}

function clock(run: RunState, atUs: number): string {
  return `${(Math.max(0, atUs - (run.loadStartedUs ?? 0)) / 1e6).toFixed(2).padStart(7)} s`;
}

function started(run: RunState, runs: number): Line {
  const seconds = (run.plan.phases.at(-1)?.toUs ?? 0) / 1e6;
  return [
    faint(`${run.place}/${runs} `),
    strong(run.plan.scenario.name),
    plain(`  ${run.plan.scenario.title}`),
    faint(
      `  (${Number(seconds.toFixed(1))} s, seed ${run.plan.seed}${run.plan.driver === 'builtin' ? '' : `, load by ${run.plan.driver}`})`,
    ),
  ];
}

function breakerStyle(state: BreakerState): Style {
  if (state === 'closed') return 'ok';
  return state === 'open' || state === 'forced-open' ? 'bad' : 'degraded';
}

/** A line that wraps would break the block that is redrawn over it. */
function cut(line: Line, columns: number): Line {
  let left = Math.max(0, columns - 1);
  return line.flatMap((piece) => {
    const text = piece.text.slice(0, left);
    left -= text.length;
    return text === '' ? [] : [{ ...piece, text }];
  });
}

function plain(text: string): Line[number] {
  return { text, style: 'plain' };
}

function strong(text: string): Line[number] {
  return { text, style: 'strong' };
}

function faint(text: string): Line[number] {
  return { text, style: 'faint' };
}
