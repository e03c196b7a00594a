import { nearest, type Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';
import type { Flag } from './contract.ts';
import { wrongCommandLine } from './options.ts';

/** Toxiproxy's flags and ours, as the help shows them. */
export const PROXY_FLAGS: readonly Flag[] = [
  { flags: '--host <host>', description: 'address of the control API (default: 127.0.0.1)' },
  { flags: '--port <port>', description: 'port of the control API; 0 takes a free one (default: 8474)' },
  { flags: '--config <file>', description: 'proxies to begin with: a JSON list, as POST /populate takes it' },
  { flags: '--seed <n>', description: "fixes the toxics' dice (default: 1)" },
  { flags: '--proxy-metrics', description: 'serve what the proxies carry under /metrics' },
  { flags: '--runtime-metrics', description: 'serve what this process uses under /metrics' },
  {
    flags: '--workers <n>',
    description: 'processes that carry untouched connections beside this one (default: one a core, less this one, at most 3)',
  },
  { flags: '--tap-socket <path>', description: 'stream what the taps see over a local socket too' },
  { flags: '--allow-non-loopback', description: 'let other machines control it: whoever reaches the port can reach what it can' },
  { flags: '--api-version', description: "print the release of Toxiproxy whose API this is (Toxiproxy's -version), and leave" },
];

/** What Toxiproxy calls differently. */
const RENAMED: Readonly<Record<string, string>> = { version: 'api-version', h: 'help' };
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

const takesValue = new Map(PROXY_FLAGS.map(({ flags }) => [/^--([a-z-]+)/.exec(flags)?.[1] ?? '', flags.includes('<')]));

/**
 * Go's ways of writing flags in ours: `-port 8474`, `-port=8474`, `-proxy-metrics=false`, `-version`.
 *
 * @throws {UsageError} if a flag is none of these
 */
export function readGoFlags(words: readonly string[]): readonly string[] {
  const out: string[] = [];
  const problems: Problem[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    const match = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word);
    if (match === null) {
      out.push(word);
      continue;
    }
    const [, typed = '', given] = match;
    const name = RENAMED[typed] ?? typed;
    if (name === 'help') out.push('--help');
    else if (!takesValue.has(name)) problems.push(unknownFlag(typed));
    else if (takesValue.get(name) === false) pushSwitch(out, problems, name, given);
    else if (given !== undefined) out.push(`--${name}=${given}`);
    else out.push(index + 1 < words.length ? `--${name}=${words[++index]}` : `--${name}`);
  }
  if (problems.length > 0) throw wrongCommandLine(problems);
  return out;
}

function pushSwitch(out: string[], problems: Problem[], name: string, given = 'true'): void {
  if (TRUE.includes(given)) out.push(`--${name}`);
  else if (!FALSE.includes(given)) problems.push({ path: `-${name}`, expected: 'true or false', found: show(given) });
}

function unknownFlag(typed: string): Problem {
  const known = [...takesValue.keys(), 'version', 'help'];
  const near = nearest(typed, known);
  return {
    path: `-${typed}`,
    expected: `one of ${known.map((name) => `-${name}`).join(', ')}`,
    found: 'a flag that there is not',
    ...(near === undefined ? {} : { hint: `did you mean -${near}?` }),
  };
}
