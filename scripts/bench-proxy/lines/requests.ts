import { goalRow, type GoalRow } from '../goal.ts';
import type { Bench, Line } from '../line.ts';
import { costed, inRounds, type Costed } from '../rounds.ts';
import { startSubjects, type Subject } from '../subjects.ts';
import { goalsOf, rateTable, valuesOf, type Taken } from './rate.ts';

interface Requests {
  readonly rate: number;
  readonly units: number;
  readonly p50: number;
  readonly p99: number;
  readonly errors: number;
}

const CPU_GOAL = 1.2;
const RULES_GOAL = 0.7;
/** A Java machine compiles as it goes: what it does in its first seconds is not what it can. */
const JAVA_WARM_UP = { for: '4s', warm: '0s' };

export const requests: Line = {
  name: 'http',
  title: 'HTTP/1.1 requests over 16 kept connections',
  async run(bench) {
    await using stack = new AsyncDisposableStack();
    const { subjects, missing } = await startSubjects(
      ['direct', 'pipe', 'real', 'off', 'on', 'rules', 'naive', 'mockserver'],
      bench,
      stack,
    );
    for (const { role, ports } of subjects)
      if (role === 'mockserver') await bench.loadgen.run('http', { port: ports.http, ...JAVA_WARM_UP });
    const answered = new Map<Subject, number>();
    const taken = await inRounds<Costed<Requests>>(subjects, bench.rounds, (subject) =>
      costed(subject, async () => {
        const done = await bench.loadgen.run<Requests>('http', { port: subject.ports.http, for: bench.isQuick ? '600ms' : '1200ms' });
        answered.set(subject, (answered.get(subject) ?? 0) + done.units);
        return done;
      }),
    );
    const rows = rateTable(
      taken,
      [
        { title: 'requests/s', digits: 0, isMain: true, pick: ({ rate }) => rate },
        { title: 'p50 µs', digits: 0, pick: ({ p50 }) => p50 },
        { title: 'p99 µs', digits: 0, pick: ({ p99 }) => p99 },
        { title: 'CPU µs/request', digits: 1, isCompared: true, pick: ({ cpuUs }) => cpuUs },
        { title: 'errors', digits: 0, pick: ({ errors }) => errors },
      ],
      missing,
    );
    bench.say(`${rows}\n`);
    return { markdown: `${rows}\n\n${await tapNote(answered)}`, goals: [...plainGoals(taken), ...rulesGoals(taken, bench)] };
  },
};

function plainGoals(taken: Taken<Costed<Requests>>): GoalRow[] {
  return goalsOf(taken, [
    { line: 'HTTP keep-alive ×16, requests/s', better: 'more', limit: 1, pick: ({ rate }) => rate },
    { line: 'HTTP keep-alive ×16, CPU per request', better: 'less', limit: CPU_GOAL, pick: ({ cpuUs }) => cpuUs },
  ]);
}

function rulesGoals(taken: Taken<Costed<Requests>>, { real }: Bench): GoalRow[] {
  const ofReal = valuesOf(taken, 'real', ({ rate }) => rate);
  const on = valuesOf(taken, 'rules', ({ rate }) => rate);
  if (ofReal === undefined || on === undefined)
    throw new Error(`Cannot compare as Toxiproxy ${real.version} and the rules must be measured`);
  return [goalRow({ line: 'HTTP with ten rules and tap, requests/s', better: 'more', limit: RULES_GOAL }, { real: ofReal, on })];
}

/**
 * What the readers of the taps got, against what was answered.
 *
 * @throws {Error} if records are missing that nobody counted as lost: then the tap was not on, and the numbers are not what they say
 */
async function tapNote(answered: ReadonlyMap<Subject, number>): Promise<string> {
  const notes: string[] = [];
  for (const [{ name, endTaps }, answers] of answered) {
    if (endTaps === null) continue;
    const { records, lost } = await endTaps();
    if (records + lost < answers)
      throw new Error(`Cannot trust '${name}' as each answer must leave a record: ${answers} answers, ${records} records, ${lost} lost`);
    notes.push(`${name}: ${records} records were read for ${answers} answers, ${lost} were counted as lost.`);
  }
  return notes.join('\n');
}
