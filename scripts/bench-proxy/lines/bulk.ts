import type { Line, Ports } from '../line.ts';
import { costed, inRounds, type Costed } from '../rounds.ts';
import { startSubjects, type Role } from '../subjects.ts';
import { goalsOf, rateTable } from './rate.ts';

interface Bulk {
  readonly rate: number;
  readonly units: number;
  readonly errors: number;
}

const GOAL = 1.5;
const CPU_GOAL = 1;
const TCP_ROLES: readonly Role[] = ['direct', 'pipe', 'real', 'off', 'on'];

const ways: readonly {
  readonly title: string;
  readonly direction: 'down' | 'up' | 'http';
  readonly port: keyof Ports;
  readonly connections: number;
  readonly roles: readonly Role[];
}[] = [
  { title: 'download, 1 connection', direction: 'down', port: 'source', connections: 1, roles: TCP_ROLES },
  { title: 'download, 8 connections', direction: 'down', port: 'source', connections: 8, roles: TCP_ROLES },
  { title: 'upload, 1 connection', direction: 'up', port: 'drain', connections: 1, roles: TCP_ROLES },
  { title: 'upload, 8 connections', direction: 'up', port: 'drain', connections: 8, roles: TCP_ROLES },
  {
    title: 'HTTP download, 1 connection',
    direction: 'http',
    port: 'http',
    connections: 1,
    roles: [...TCP_ROLES, 'naive'],
  },
];

export const bulk: Line = {
  name: 'bulk',
  title: 'Bulk',
  async run(bench) {
    await using stack = new AsyncDisposableStack();
    const { subjects } = await startSubjects([...TCP_ROLES, 'naive'], bench, stack);
    const markdown: string[] = [];
    const goals = [];
    for (const { title, direction, port, connections, roles } of ways) {
      const taken = await inRounds<Costed<Bulk>>(
        subjects.filter(({ role }) => roles.includes(role)),
        bench.rounds,
        (subject) =>
          costed(subject, () =>
            bench.loadgen.run<Bulk>('bulk', {
              port: subject.ports[port],
              direction,
              connections,
              for: bench.isQuick ? '300ms' : '600ms',
            }),
          ),
      );
      const line = `bulk ${title}`;
      goals.push(
        ...goalsOf(taken, [
          { line: `${line}, MB/s`, better: 'more', limit: GOAL, pick: ({ rate }) => rate },
          { line: `${line}, CPU per MB`, better: 'less', limit: CPU_GOAL, pick: ({ cpuUs }) => cpuUs },
        ]),
      );
      const rows = rateTable(taken, [
        { title: 'MB/s', digits: 0, isMain: true, pick: ({ rate }) => rate },
        { title: 'CPU µs/MB', digits: 0, isCompared: true, pick: ({ cpuUs }) => cpuUs },
        { title: 'errors', digits: 0, pick: ({ errors }) => errors },
      ]);
      markdown.push(`**${title}**\n\n${rows}`);
      bench.say(`${title}\n\n${rows}\n`);
    }
    return { markdown: markdown.join('\n\n'), goals };
  },
};
