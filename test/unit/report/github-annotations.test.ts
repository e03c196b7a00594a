// Goal: the runner reads each line as one command with our file, title and message, whatever they hold; at most ten of a kind.
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../../harness/model/outcome.ts';
import { githubAnnotations } from '../../../harness/report/github-annotations.ts';
import { finding, HOSTILE, largeOutcome, outcome, repeats, run } from './outcomes.ts';

interface Command {
  readonly kind: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

/** Reads a command as the runner does: properties between the first blank and the next `::`, split at commas, then unescaped. */
function parse(line: string): Command {
  const match = /^::([a-z]+) (.*?)::(.*)$/.exec(line);
  if (match === null) throw new SyntaxError(`no workflow command: ${line}`);
  const [, kind = '', properties = '', data = ''] = match;
  const pairs = properties.split(',').map((pair) => {
    const [name = '', ...value] = pair.split('=');
    return [name, unescaped(value.join('=').replaceAll('%3A', ':').replaceAll('%2C', ','))] as const;
  });
  return { kind, properties: Object.fromEntries(pairs), data: unescaped(data) };
}

function unescaped(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
}

function commands(shown: Outcome, projectPrefix = ''): readonly Command[] {
  const text = githubAnnotations(shown, [], { projectPrefix });
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text.split('\n').slice(0, -1).map(parse);
}

describe('annotations', () => {
  test('an error for what failed, a warning for what could not be judged, a notice for what was left out, none for a pass', () => {
    const leftOut = [{ name: 'slow', title: '', environment: 'embedded', lacks: ['netem' as const], sentence: "'embedded' lacks it" }];
    const shown = outcome(
      [...repeats('a', ['pass']), ...repeats('b', ['inconclusive']), ...repeats('c', ['invalid']), ...repeats('d', ['fail'])],
      leftOut,
    );
    expect(commands(shown).map(({ kind, properties }) => [kind, properties['title']])).toEqual([
      ['error', 'd: retries orders->payments: fail'],
      ['warning', 'c: retries orders->payments: invalid'],
      ['warning', 'b: retries orders->payments: inconclusive'],
      ['notice', 'slow: left out'],
    ]);
    expect(githubAnnotations(outcome(repeats('a', ['pass'])), [])).toBe('');
  });

  test('repeats are one annotation, on the scenario’s file in its repository', () => {
    expect(commands(outcome(repeats('a', ['fail', 'pass', 'fail'])), 'services/shop/')).toEqual([
      {
        kind: 'error',
        properties: { file: 'services/shop/scenarios/payments-outage.chaos.ts', title: 'a: retries orders->payments: fail in 2 of 3 runs' },
        data: '4 attempts a call reached the edge.\nmeasured 4 ×, expected up to 1.6 ×\nreplay: npx halfopen run payments-outage --seed 7',
      },
    ]);
  });

  test('%, line ends, commas and colons arrive as they were', () => {
    const odd = 'a%b\r\nc,d:e%0A%2C::f=g';
    const [only] = commands(outcome([run({ name: odd, file: 'scenarios/a,b:c%d.chaos.ts', findings: [finding({ sentence: odd })] })]));
    expect(only?.properties).toEqual({ file: 'scenarios/a,b:c%d.chaos.ts', title: `${odd}: retries orders->payments: fail` });
    expect(only?.data.startsWith(`${odd}\nmeasured`)).toBe(true);
  });

  test('hostile text makes no command of its own, and no colour', () => {
    const text = githubAnnotations(
      outcome([run({ name: HOSTILE, file: HOSTILE, findings: [finding({ subject: HOSTILE, sentence: HOSTILE })] })]),
      [],
    );
    expect(text.split('\n')).toHaveLength(2);
    // oxlint-disable-next-line no-control-regex -- what is looked for
    expect(text).not.toMatch(/[\u0000\u001b\r]/);
    expect(parse(text.trimEnd()).data).toContain('::stop-commands::t');
  });

  test('at most ten of a kind: the last one stands for the others, by name', () => {
    const all = commands(largeOutcome());
    expect(all).toHaveLength(10);
    expect(all.at(-1)?.properties['title']).toBe('and 991 more, in the summary and in report.html');
    expect(all.at(-1)?.data).toContain('scenario-000: check-9');
    expect(all.every(({ data }) => data.length <= 4000)).toBe(true);
    expect(commands(outcome(Array.from({ length: 10 }, (_, place) => run({ name: `s${place}` }))))).toHaveLength(10);
  });
});
