import { UsageError } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { buildK6, checkK6, findK6, K6_WAYS_OUT } from '../run/load/k6/build.ts';
import type { Command, CommandCall } from './contract.ts';
import { listenForInterrupts } from './interrupts.ts';
import { demandNoProblems, unknownName } from './options.ts';
import { openProject } from './project.ts';

const ACTIONS: Readonly<Record<string, () => Promise<number>>> = { build, path };
const MEGABYTE = 1024 ** 2;

export const k6: Command = {
  name: 'k6',
  parameters: '<action>',
  summary: 'build the k6 that --load k6 uses, or say where it is',
  flags: [],
  examples: [
    ['k6 build', 'build it with Go, once: about 2 minutes'],
    ['k6 path', 'print where it is; exit code 2 if there is none'],
  ],
  run: k6Command,
};

async function k6Command({ args: [name = ''] }: CommandCall): Promise<number> {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action !== undefined) return action();
  demandNoProblems([unknownName('action', name, Object.keys(ACTIONS))]);
  return EXIT_CODES.usage;
}

async function build(): Promise<number> {
  using interrupts = listenForInterrupts((signal) => note(`${signal}: giving the build up`));
  try {
    const built = await buildK6({ onNote: note, signal: interrupts.signal });
    const size = `${Math.round(built.bytes / MEGABYTE)} MB`;
    const how = built.isNew ? `built in ${built.seconds.toFixed(1)} s` : 'was built before';
    process.stdout.write(`${built.path}\n`);
    note(`k6 ${built.version} (${built.goVersion}), ${size}, ${how}`);
    return EXIT_CODES.pass;
  } catch (error) {
    const code = interrupts.code();
    if (code === undefined) throw error;
    return code;
  }
}

/** Standard output holds the path alone, so that scripts can use it. */
function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function path(): Promise<number> {
  const { config } = await openProject(process.cwd());
  const found = await findK6(config.k6 ?? {});
  if (found === null) throw new UsageError(`There is no k6: ${K6_WAYS_OUT}`);
  const { version } = await checkK6(found);
  process.stdout.write(`${found}\n`);
  note(`k6 ${version}`);
  return EXIT_CODES.pass;
}
