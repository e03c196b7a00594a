import { setTimeout as sleep } from 'node:timers/promises';
import { ratio, table } from '../../bench/markdown.ts';
import { summarised } from '../../bench/measure.ts';
import { goalRow, medianOf } from '../goal.ts';
import type { Bench, Line } from '../line.ts';
import { memoryOf, type Memory } from '../process-group.ts';
import { startSubject, type Role } from '../subjects.ts';

interface Held {
  readonly rest: Memory;
  readonly held: Memory;
}

const CONNECTIONS = 1000;
const GOAL = 2;
const ROLES: readonly Role[] = ['pipe', 'real', 'off', 'alone', 'on'];
/** What a process allocates and frees while it starts, or takes connections, has settled after so long. */
const SETTLES_MS = 700;

export const memory: Line = {
  name: 'memory',
  title: `Memory at rest and with ${CONNECTIONS} connections`,
  async run(bench) {
    const taken = new Map<Role, { readonly name: string; readonly values: Held[] }>();
    for (let round = 0; round < bench.rounds; round++) {
      for (const role of round % 2 === 0 ? ROLES : ROLES.toReversed()) {
        const { name, value } = await holdAfresh(role, bench);
        const known = taken.get(role) ?? { name, values: [] };
        known.values.push(value);
        taken.set(role, known);
      }
    }
    const columns: readonly (readonly [string, (held: Held) => number])[] = [
      ['RSS at rest MB', ({ rest }) => rest.rssBytes],
      ['PSS at rest MB', ({ rest }) => rest.pssBytes],
      [`RSS at ${CONNECTIONS} MB`, ({ held }) => held.rssBytes],
      [`PSS at ${CONNECTIONS} MB`, ({ held }) => held.pssBytes],
    ];
    const real = taken.get('real')?.values ?? [];
    const rows = [...taken.values()].map(({ name, values }) => [
      name,
      ...columns.flatMap(([, pick]) => {
        const { median, least, most } = summarised(name, values.map(pick));
        return [`${megabytes(median)} (${megabytes(least)}–${megabytes(most)})`, ratio(median, medianOf(real.map(pick)))];
      }),
    ]);
    const body = table(['route', ...columns.flatMap(([title]) => [title, '÷ real'])], rows);
    bench.say(`${body}\n`);
    const rssOf = (role: Role): number[] => (taken.get(role)?.values ?? []).map(({ held }) => held.rssBytes);
    const pssOf = (role: Role): number[] => (taken.get(role)?.values ?? []).map(({ held }) => held.pssBytes);
    return {
      markdown: `${body}\n\nOf a fresh process and its descendants in each round. RSS counts a page once for each process that maps it, PSS once in all.`,
      goals: [
        goalRow(
          { line: `RSS with ${CONNECTIONS} connections`, better: 'less', limit: GOAL },
          { real: rssOf('real'), off: rssOf('off'), on: rssOf('on') },
        ),
        goalRow(
          { line: `RSS with ${CONNECTIONS} connections, no workers`, better: 'less', limit: GOAL },
          { real: rssOf('real'), off: rssOf('alone') },
        ),
        goalRow(
          { line: `PSS with ${CONNECTIONS} connections`, better: 'less', limit: GOAL },
          { real: pssOf('real'), off: pssOf('off'), on: pssOf('on') },
        ),
      ],
    };
  },
};

async function holdAfresh(role: Role, bench: Bench): Promise<{ readonly name: string; readonly value: Held }> {
  await using stack = new AsyncDisposableStack();
  const subject = await startSubject(role, bench, stack);
  if ('reason' in subject || subject.pid === null) throw new Error(`Cannot measure the memory of ${subject.name} as it is not there`);
  await sleep(SETTLES_MS);
  const rest = memoryOf(subject.pid);
  const holder = stack.use(
    await bench.loadgen.start<{ readonly held: number }, unknown>('hold', { port: subject.ports.echo, connections: CONNECTIONS }),
  );
  await sleep(SETTLES_MS);
  const held = memoryOf(subject.pid);
  await holder.end();
  return { name: subject.name, value: { rest, held } };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
