import type { Line } from '../line.ts';
import { costed, inRounds, type Costed } from '../rounds.ts';
import { startSubjects } from '../subjects.ts';
import { goalsOf, rateTable, type Taken } from './rate.ts';

interface Ping {
  readonly units: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

/** With what the proxy adds to the direct way in the same round. */
type Added = Costed<Ping> & { readonly added50: number; readonly added99: number };

export const ping: Line = {
  name: 'ping',
  title: 'Ping-pong of 64 bytes over TCP',
  async run(bench) {
    await using stack = new AsyncDisposableStack();
    const { subjects } = await startSubjects(['direct', 'pipe', 'real', 'off', 'on'], bench, stack);
    const raw = await inRounds<Costed<Ping>>(subjects, bench.rounds, (subject) =>
      costed(subject, () => bench.loadgen.run<Ping>('ping', { port: subject.ports.echo, for: bench.isQuick ? '500ms' : '1s' })),
    );
    const taken = withAdded(raw);
    const rows = rateTable(taken, [
      { title: 'p50 µs', digits: 1, isMain: true, pick: ({ p50 }) => p50 },
      { title: 'p50 added µs', digits: 1, isCompared: true, pick: ({ added50 }) => added50 },
      { title: 'p90 µs', digits: 1, pick: ({ p90 }) => p90 },
      { title: 'p99 µs', digits: 1, pick: ({ p99 }) => p99 },
      { title: 'p99 added µs', digits: 1, isCompared: true, pick: ({ added99 }) => added99 },
      { title: 'CPU µs/trip', digits: 1, isCompared: true, pick: ({ cpuUs }) => cpuUs },
    ]);
    bench.say(`${rows}\n`);
    return {
      markdown: rows,
      goals: goalsOf(taken, [
        { line: 'ping 64 B, p50 added', better: 'less', limit: 1, pick: ({ added50 }) => added50 },
        { line: 'ping 64 B, p99 added', better: 'less', limit: 1, pick: ({ added99 }) => added99 },
        { line: 'ping 64 B, CPU per trip', better: 'less', limit: 1, pick: ({ cpuUs }) => cpuUs },
      ]),
    };
  },
};

function withAdded(taken: Taken<Costed<Ping>>): Taken<Added> {
  const direct = [...taken].find(([{ role }]) => role === 'direct')?.[1] ?? [];
  return new Map(
    [...taken].map(([subject, values]) => [
      subject,
      values.map((value, round) => ({
        ...value,
        added50: value.p50 - (direct[round]?.p50 ?? Number.NaN),
        added99: value.p99 - (direct[round]?.p99 ?? Number.NaN),
      })),
    ]),
  );
}
