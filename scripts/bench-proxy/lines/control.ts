import { table } from '../../bench/markdown.ts';
import { summarised } from '../../bench/measure.ts';
import type { Reached } from '../goal.ts';
import type { Bench, Line } from '../line.ts';
import { startSubject, type Role } from '../subjects.ts';

interface Control {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  readonly unanswered: number;
  readonly wrong: number;
}

interface Tried {
  readonly name: string;
  readonly values: Control[];
}

const ROLES = ['real', 'off', 'on'] as const;
const CONNECTIONS = 1000;
const GOAL_MS = 50;
const PATIENCE_MS = 2000;

export const control: Line = {
  name: 'control',
  title: 'Control API while one peer does not read',
  async run(bench) {
    const tried = new Map<Role, Tried>();
    for (let round = 0; round < bench.rounds; round++) {
      for (const role of round % 2 === 0 ? ROLES : ROLES.toReversed()) {
        const { name, value } = await churnAfresh(role, bench);
        const known = tried.get(role) ?? { name, values: [] };
        known.values.push(value);
        tried.set(role, known);
      }
    }
    const rows = [...tried.values()].map(rowOf);
    const body = table(['route', 'p99 ms', 'p50 ms', 'most ms', 'answered', 'no answer', 'wrong answer'], rows);
    bench.say(`${body}\n`);
    return {
      markdown: `${body}\n\n${CONNECTIONS} connections are open on the proxy and one more downloads and does not read. Four clients add, change, look at and remove toxics there, 100 calls a second together; \`no answer\` is a call that was given up after ${PATIENCE_MS / 1000} s, and a client that has seen two of them gives up. Each round has a fresh process, since the real one does not recover.`,
      goals: [
        {
          line: `control API p99, ${CONNECTIONS} connections, one peer not reading`,
          goal: `< ${GOAL_MS} ms`,
          off: reachedBy(tried.get('off')),
          on: reachedBy(tried.get('on')),
        },
      ],
    };
  },
};

function rowOf({ name, values }: Tried): string[] {
  const total = (pick: (value: Control) => number): string => `${values.reduce((sum, value) => sum + pick(value), 0)}`;
  const counts = [total(({ count }) => count), total(({ unanswered }) => unanswered), total(({ wrong }) => wrong)];
  const answered = values.filter(({ count }) => count > 0);
  if (answered.length === 0) return [name, 'no answer', '–', '–', ...counts];
  const { median, least, most } = summarised(
    name,
    answered.map(({ p99 }) => p99),
  );
  const { median: middle } = summarised(
    name,
    answered.map(({ p50 }) => p50),
  );
  const worst = Math.max(...answered.map((value) => value.most));
  return [name, `${median.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`, middle.toFixed(2), worst.toFixed(2), ...counts];
}

async function churnAfresh(role: Role, bench: Bench): Promise<{ readonly name: string; readonly value: Control }> {
  await using stack = new AsyncDisposableStack();
  const subject = await startSubject(role, bench, stack);
  if ('reason' in subject || subject.controlUrl === null) throw new Error(`Cannot churn ${subject.name} as it has no control API`);
  const { port, proxy } = await subject.open('churned', bench.sink.source);
  const value = await bench.loadgen.run<Control>('control', {
    api: subject.controlUrl,
    proxy,
    port,
    connections: CONNECTIONS,
    for: bench.isQuick ? '1500ms' : '2s',
    timeout: `${PATIENCE_MS}ms`,
  });
  return { name: subject.name, value };
}

/** The worst round's p99 decides; one call without its answer is enough to fail. */
function reachedBy(tried: Tried | undefined): Reached | null {
  if (tried === undefined) return null;
  const bad = tried.values.reduce((sum, { unanswered, wrong }) => sum + unanswered + wrong, 0);
  const { median, most } = summarised(
    tried.name,
    tried.values.map(({ p99 }) => p99),
  );
  return {
    text: `${median.toFixed(1)} ms (worst ${most.toFixed(1)})${bad > 0 ? `, ${bad} calls failed` : ''}`,
    isMet: bad === 0 && most < GOAL_MS,
  };
}
