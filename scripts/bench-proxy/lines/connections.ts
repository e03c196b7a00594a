import type { Line } from '../line.ts';
import { costed, inRounds, type Costed } from '../rounds.ts';
import { startSubjects } from '../subjects.ts';
import { goalsOf, rateTable } from './rate.ts';

interface Connections {
  readonly rate: number;
  readonly units: number;
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
}

const WORKERS = [1, 32, 256] as const;

export const connections: Line = {
  name: 'connections',
  title: 'New connections: connect, one byte there and back, RST',
  async run(bench) {
    await using stack = new AsyncDisposableStack();
    const { subjects } = await startSubjects(['direct', 'pipe', 'real', 'off', 'on'], bench, stack);
    const markdown: string[] = [];
    const goals = [];
    for (const workers of WORKERS) {
      const taken = await inRounds<Costed<Connections>>(subjects, bench.rounds, (subject) =>
        costed(subject, () =>
          bench.loadgen.run<Connections>('connect', { port: subject.ports.echo, workers, for: bench.isQuick ? '500ms' : '700ms' }),
        ),
      );
      const title = `${workers} ${workers === 1 ? 'worker' : 'workers'}`;
      goals.push(
        ...goalsOf(taken, [
          { line: `connections/s, ${title}`, better: 'more', limit: 1, pick: ({ rate }) => rate },
          { line: `connections, ${title}, CPU per connection`, better: 'less', limit: 1, pick: ({ cpuUs }) => cpuUs },
        ]),
      );
      const rows = rateTable(taken, [
        { title: 'connections/s', digits: 0, isMain: true, pick: ({ rate }) => rate },
        { title: 'p50 µs', digits: 0, pick: ({ p50 }) => p50 },
        { title: 'p99 µs', digits: 0, pick: ({ p99 }) => p99 },
        { title: 'CPU µs/connection', digits: 1, isCompared: true, pick: ({ cpuUs }) => cpuUs },
        { title: 'errors', digits: 0, pick: ({ errors }) => errors },
      ]);
      markdown.push(`**${title}**\n\n${rows}`);
      bench.say(`${title}\n\n${rows}\n`);
    }
    return { markdown: markdown.join('\n\n'), goals };
  },
};
