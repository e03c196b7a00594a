import { addLatency } from '../control-api.ts';
import type { Line } from '../line.ts';
import { costed, inRounds, type Costed } from '../rounds.ts';
import { startSubjects, type Subject } from '../subjects.ts';
import { goalsOf, rateTable, type Taken } from './rate.ts';

interface Lateness {
  readonly nominalMs: number;
  readonly error: { readonly count: number; readonly p50: number; readonly p99: number; readonly most: number };
}

type Late = Costed<{ readonly units: number; readonly targets: readonly Lateness[] }>;

const DELAYS_MS = [1, 10, 100, 1000] as const;

export const latency: Line = {
  name: 'latency',
  title: 'How far a latency toxic is off',
  async run(bench) {
    await using stack = new AsyncDisposableStack();
    const { subjects } = await startSubjects(['real', 'off', 'on'], bench, stack);
    const targets = new Map<Subject, string>();
    for (const subject of subjects) targets.set(subject, await openDelayed(subject, bench.sink.echo));
    const taken = await inRounds<Late>(subjects, bench.rounds, (subject) =>
      costed(subject, async () => {
        const found = await bench.loadgen.run<readonly Lateness[]>('latency', {
          targets: targets.get(subject) ?? '',
          for: bench.isQuick ? '2500ms' : '4500ms',
        });
        return { units: found.reduce((sum, { error }) => sum + error.count, 0), targets: found };
      }),
    );
    const markdown: string[] = [];
    const goals = [];
    for (const delayMs of DELAYS_MS) {
      const errors = ofDelay(taken, delayMs);
      goals.push(
        ...goalsOf(errors, [
          { line: `latency toxic ${delayMs} ms, p50 of the error`, better: 'less', limit: 1, pick: ({ p50 }) => p50 },
          { line: `latency toxic ${delayMs} ms, p99 of the error`, better: 'less', limit: 1, pick: ({ p99 }) => p99 },
        ]),
      );
      const rows = rateTable(errors, [
        { title: 'p50 ms', digits: 3, isMain: true, pick: ({ p50 }) => p50 },
        { title: 'p99 ms', digits: 3, isCompared: true, pick: ({ p99 }) => p99 },
        { title: 'most ms', digits: 3, pick: ({ most }) => most },
        { title: 'pings', digits: 0, pick: ({ units }) => units },
      ]);
      markdown.push(`**${delayMs} ms**\n\n${rows}`);
      bench.say(`${delayMs} ms\n\n${rows}\n`);
    }
    goals.push(...goalsOf(taken, [{ line: 'latency toxic, CPU per ping', better: 'less', limit: 1, pick: ({ cpuUs }) => cpuUs }]));
    return {
      markdown: `${markdown.join('\n\n')}\n\nRound trip less the nominal delay, all four delays at once, 8 to 64 connections each, the first ping of each left out. ${note(taken)}.`,
      goals,
    };
  },
};

/** Opens one proxy for each delay and answers them as the generator wants them. */
async function openDelayed(subject: Subject, echoPort: number): Promise<string> {
  const targets: string[] = [];
  for (const delayMs of DELAYS_MS) {
    const { port, proxy } = await subject.open(`late${delayMs}`, echoPort);
    await addLatency(subject.controlUrl ?? '', proxy, delayMs);
    targets.push(`${port}:${delayMs}`);
  }
  return targets.join(',');
}

function ofDelay(taken: Taken<Late>, delayMs: number): Taken<Costed<{ readonly units: number } & Lateness['error']>> {
  return new Map(
    [...taken].map(([subject, values]) => [
      subject,
      values.map(({ cpuUs, targets }) => {
        const found = targets.find(({ nominalMs }) => nominalMs === delayMs);
        if (found === undefined) throw new Error(`Cannot report ${delayMs} ms as it must have been measured`);
        return { ...found.error, units: found.error.count, cpuUs };
      }),
    ]),
  );
}

function note(taken: Taken<Late>): string {
  const cpu = [...taken].map(
    ([{ name }, values]) => `${name} ${(values.reduce((sum, { cpuUs }) => sum + cpuUs, 0) / values.length).toFixed(0)} µs`,
  );
  return `CPU per ping, all delays together: ${cpu.join(', ')}`;
}
