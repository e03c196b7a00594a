import { describe, expect, test } from 'vitest';
import { failingRun, invalidRun, outcomeOf, passingRun } from '../../../fixtures/recordings/index.ts';
import { CLOSED_MODEL, scriptRun } from '../../../fixtures/recordings/script.ts';
import type { Recording } from '../../../harness/model/recording.ts';
import { liveLines, openTerminal, tell, type TerminalState } from '../../../harness/report/terminal.ts';
import { lineText, type Line, type TerminalMessage, type TerminalMode } from '../../../harness/report/terminal-contract.ts';

/** Plays messages in order; answers the last state and every line that stays. */
function play(
  mode: TerminalMode,
  messages: readonly TerminalMessage[],
): { readonly state: TerminalState; readonly lines: readonly Line[] } {
  const lines: Line[] = [];
  const state = messages.reduce((before, message) => {
    const told = tell(before, message);
    lines.push(...told.lines);
    return told.state;
  }, openTerminal(mode));
  return { state, lines };
}

function messagesOf({ run, events, requests }: Recording, untilUs: number): TerminalMessage[] {
  const rows = [
    ...events.map((row) => ({ atUs: row.atUs, record: { table: 'events' as const, row } })),
    ...requests.map((row) => ({ atUs: row.endedUs, record: { table: 'requests' as const, row } })),
  ];
  return [
    { kind: 'suite-started', runs: 2, environment: 'embedded' },
    { kind: 'run-started', plan: run.plan, place: 1 },
    ...rows
      .filter(({ atUs }) => atUs <= untilUs)
      .toSorted((left, right) => left.atUs - right.atUs)
      .map(({ record }): TerminalMessage => ({ kind: 'record', record })),
  ];
}

const texts = (lines: readonly Line[]): string[] => lines.map((line) => lineText(line));

describe('the live terminal', () => {
  test('shows phase, time, the last second’s rates, breakers and the fault in force', () => {
    const { recording } = failingRun();
    const acknowledgedUs = recording.events.find((event) => event.kind === 'fault' && event.step === 'acknowledged')?.atUs ?? 0;
    const { state, lines } = play('live', messagesOf(recording, acknowledgedUs + 2_000_000));
    const live = texts(liveLines(state, 100)).join('\n');
    expect(texts(lines)).toEqual(['halfopen 2 runs · environment embedded']);
    expect(live).toContain('1/2 payments-outage');
    expect(live).toMatch(/fault {2}9\.\d of 28 s/);
    expect(live).toContain('orders.payments open');
    expect(live).toContain('storm in force');
    expect(live).toMatch(/last second {2}\d+ ok {2}[1-9]\d* degraded {2}[1-9]\d* failed/);
  });

  test('counts only what ended in the last second', () => {
    const { recording } = passingRun();
    const played = play('live', messagesOf(recording, 8_000_000)).state;
    const rate = (state: TerminalState): number => Number(/last second {2}(\d+) ok/.exec(texts(liveLines(state, 100)).join('\n'))?.[1]);
    expect(rate(played)).toBeGreaterThanOrEqual(54);
    expect(rate(played)).toBeLessThanOrEqual(66);
    expect(rate(tell(played, { kind: 'tick', nowUs: 8_500_000 }).state)).toBeLessThan(rate(played));
    expect(rate(tell(played, { kind: 'tick', nowUs: 9_500_000 }).state)).toBe(0);
  });

  test('keeps each line within the columns, so that redrawing never leaves a rest behind', () => {
    const { recording } = failingRun(0, { title: 'x'.repeat(300) });
    const { state } = play('live', messagesOf(recording, 9_000_000));
    expect(texts(liveLines(state, 40)).every((line) => line.length < 40)).toBe(true);
  });

  test('draws nothing between runs', () => {
    const run = passingRun();
    const outcome = outcomeOf([run]).scenarios[0];
    if (outcome === undefined) throw new Error('no outcome');
    const { state } = play('live', [...messagesOf(run.recording, Infinity), { kind: 'run-ended', outcome }]);
    expect(liveLines(state, 80)).toEqual([]);
  });
});

describe('without a terminal', () => {
  test('prints one line for each phase, fault step and breaker transition, and redraws nothing', () => {
    const { recording } = passingRun();
    const { state, lines } = play('plain', messagesOf(recording, Infinity));
    const log = texts(lines).join('\n');
    expect(liveLines(state, 80)).toEqual([]);
    for (const phase of ['warmup', 'baseline', 'fault', 'recovery']) expect(log).toContain(`phase ${phase}`);
    for (const step of ['requested', 'acknowledged', 'withdraw requested', 'withdrawn']) expect(log).toContain(`fault storm ${step}`);
    expect(log).toMatch(/7\.47 s {2}breaker orders\.payments closed → open/);
    expect(lines.length).toBe(2 + 4 + 4 + recording.events.filter(({ kind }) => kind === 'breaker').length);
  });
});

describe('the end of a run', () => {
  test('says in its first line what broke, by how much, when, and the command that replays it', () => {
    const [outcome] = outcomeOf([failingRun()]).scenarios;
    if (outcome === undefined) throw new Error('no outcome');
    const { lines } = play('plain', [{ kind: 'run-ended', outcome }]);
    expect(texts(lines)[0]).toBe(
      '✗ fail payments-outage: recovery storm: 9.79 s, expected within 8 s of the fault’s end, at 16.38 s of the run · replay: npx halfopen run payments-outage --seed 8123',
    );
    expect(texts(lines)[1]).toContain('The breaker closed and reopened twice.');
  });

  test('names the guard that made a run invalid before what could not be judged for it', () => {
    const [outcome] = outcomeOf([invalidRun()]).scenarios;
    if (outcome === undefined) throw new Error('no outcome');
    expect(texts(play('plain', [{ kind: 'run-ended', outcome }]).lines)[0]).toMatch(
      /^⊘ invalid payments-slow: fault-was-felt storm: 0 exchanges/,
    );
  });

  test('ends the suite with what did not pass, the counts and the files', () => {
    const outcome = outcomeOf([passingRun(0), failingRun(1)]);
    const lines = texts(play('plain', [{ kind: 'suite-ended', outcome, files: ['reports/report.html'] }]).lines);
    expect(lines[1]).toMatch(/^✗ fail payments-outage/);
    expect(lines[2]?.trim()).toBe('1 pass  1 fail');
    expect(lines[3]?.trim()).toBe('reports/report.html');
  });

  test('hands styles to the painter and text to nobody else', () => {
    const [outcome] = outcomeOf([failingRun()]).scenarios;
    if (outcome === undefined) throw new Error('no outcome');
    const first = play('plain', [{ kind: 'run-ended', outcome }]).lines[0] ?? [];
    expect(lineText(first, (text, style) => `<${style}>${text}</>`)).toMatch(/^<fail>✗ fail payments-outage<\/>: recovery/);
    expect(lineText(first)).not.toContain('\u001b');
  });
});

describe('who sent the load', () => {
  test('plain lines tell marks and how a driver ended; what the evidence lacks stays in either mode', () => {
    const messages = messagesOf(scriptRun().recording, Infinity);
    const plain = texts(play('plain', messages).lines).join('\n');
    expect(plain).toContain('seed 8123, load by k6');
    expect(plain).toContain('mark cart full user 17');
    expect(plain).toContain('driver k6-1 ended: code 99: thresholds have been crossed');
    const degraded = `evidence degraded: k6: ${CLOSED_MODEL}`;
    expect(plain).toContain(degraded);
    const live = texts(play('live', messages).lines);
    expect(live.filter((line) => !line.includes(degraded))).toEqual(['halfopen 2 runs · environment embedded']);
    expect(live.length).toBeGreaterThan(1);
  });

  test('the run’s line names the driver where it is not the usual one', () => {
    const ended = (run: typeof passingRun): string => {
      const judged = run();
      const [outcome] = outcomeOf([judged]).scenarios;
      if (outcome === undefined) throw new Error('no outcome');
      const { lines } = play('plain', [...messagesOf(judged.recording, 0), { kind: 'run-ended', outcome }]);
      return texts(lines).find((line) => line.startsWith('✓')) ?? '';
    };
    expect(ended(scriptRun)).toMatch(/^✓ pass own-script .* · load by k6$/);
    expect(ended(passingRun)).not.toContain('load by');
  });
});
