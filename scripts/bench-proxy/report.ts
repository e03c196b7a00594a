import { table } from '../bench/markdown.ts';
import type { Reached } from './goal.ts';
import type { LineReport } from './line.ts';

export type Section = LineReport & { readonly title: string };

interface Run {
  readonly machine: string;
  readonly notes: string;
  readonly realVersion: string;
  readonly sections: readonly Section[];
}

/** The whole document, and the summary that stands on top of it. */
export function reportOf({ machine, notes, realVersion, sections }: Run): { readonly document: string; readonly summary: string } {
  const goals = sections.flatMap((section) => section.goals);
  const reached = goals.flatMap(({ off, on }) => [off, on]).filter((cell) => cell !== null);
  const summary = [
    table(
      ['line', 'goal', 'tap off', 'met?', 'tap on', 'met?'],
      goals.map(({ line, goal, off, on }) => [line, goal, ...cells(off), ...cells(on)]),
    ),
    `${reached.filter(({ isMet }) => isMet).length} of ${reached.length} met.`,
  ].join('\n\n');
  const parts = [
    '# The fault proxy beside Toxiproxy',
    machine,
    [
      `Ours ÷ the real Toxiproxy ${realVersion}, built from its Go module, measured in turn with it (A-B-C, C-B-A): quotient of the medians, and in brackets the least and the`,
      `most of the rounds' own quotients. Made by \`npm run bench:proxy\`: ${notes}`,
      'Generator, sink and proxies are processes of their own; generator and sink are in Go. CPU and memory are those of a proxy and all its descendants. Ours runs as',
      'it is installed: built JavaScript, `halfopen proxy`. Tap off: proxies opened through Toxiproxy’s API. Tap on: edges opened through `/halfopen/edges` (the HTTP port as an',
      'HTTP edge), and a reader that takes every record.',
    ].join('\n'),
    '## Summary',
    summary,
    ...sections.flatMap(({ title, markdown }) => [`## ${title}`, markdown]),
  ];
  return { document: `${parts.join('\n\n')}\n`, summary };
}

function cells(reached: Reached | null): [string, string] {
  return reached === null ? ['–', '–'] : [reached.text, reached.isMet ? 'yes' : 'no'];
}
