import { PassThrough, type Readable } from 'node:stream';
import type { Inside } from '../../environments/contract.ts';
import { originOf } from '../origin.ts';

/** The port of k6's REST API in its container, where it has one. */
const API_PORT = 6565;
/** Between SIGTERM and SIGKILL, in milliseconds: whoever asks has deadlines of its own. */
const GRACE_MS = 10_000;

/** Follows k6's complaint in its log, and so stands in the message as well. */
const UNREACHABLE =
  "halfopen: k6 runs in a container and must connect to a unix socket of this machine: the engine has to be here, not on another machine nor in a virtual machine of its own, and its containers' root must not be another user (way out: --load builtin)";

/** What a k6 process is started with. Paths are absolute, and mean the same wherever it runs. */
export interface K6Start {
  /** Tells it from the run's other processes: `k6-1`. */
  readonly instance: string;
  readonly executable: string;
  /** Those of `k6` itself, without an address for its REST API. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Files and folders that it reads or connects to. */
  readonly files: readonly string[];
  readonly workingFolder?: string;
  /** A file that it reads as its standard input. @default none: it is closed */
  readonly input?: string;
  /** Whether its REST API is wanted. */
  readonly hasApi?: true;
}

/** A k6 process, here or in a container. */
export interface StartedK6 {
  /** Everything that it prints. */
  readonly output: readonly Readable[];
  /** Never rejects: of an end that nobody saw both are null. */
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Base URL of its REST API, as this process reaches it; null where it was not wanted. */
  readonly api: string | null;
  /** To the dead it is no error. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

/**
 * Starts k6 among the services, in a container of its own: calls go to the entry by its name on their network. Program, files and the
 * folder of the control socket are mounted at the paths that they have here, so that arguments and variables mean the same.
 *
 * @throws {HarnessError} if the engine cannot: it is on another machine, say, where there are no such files
 */
export async function startInside(inside: Inside, start: K6Start): Promise<StartedK6> {
  const output = new PassThrough();
  const socket = start.env['HALFOPEN_K6_SOCKET'];
  let isAloof = false;
  const program = await inside.run({
    name: start.instance,
    command: commandOf(start),
    env: start.env,
    mounts: [...new Set([start.executable, ...start.files, ...(start.input === undefined ? [] : [start.input])])],
    ...(start.workingFolder === undefined ? {} : { workingFolder: start.workingFolder }),
    ...(start.hasApi === true ? { port: API_PORT } : {}),
    onLine: (text) => {
      output.write(`${text}\n`);
      if (isAloof || socket === undefined || !text.includes(`dial unix ${socket}`)) return;
      isAloof = true;
      output.write(`${UNREACHABLE}\n`);
    },
  });
  const exited = program.exited.then(exitOf, () => ({ code: null, signal: null })).finally(() => output.end());
  return {
    output: [output],
    exited,
    api: program.address === null ? null : `http://${program.address.host}:${program.address.port}`,
    signal: (name) => {
      const sent = name === 'SIGKILL' ? program.kill() : program.stop(GRACE_MS);
      // It is removed with the system at the latest; an engine that went away is told by the environment.
      sent.catch((reason: unknown) => reason);
    },
  };
}

/** Where k6 runs, as the end of a sentence about it; nothing where that is here. */
export function placeOf({ inside }: { readonly inside?: Inside }): string {
  return inside === undefined ? '' : `, in a container, calling ${originOf(inside.entry)}`;
}

function commandOf({ executable, args, input, hasApi }: K6Start): readonly string[] {
  const [verb = '', ...rest] = args;
  const k6 = [executable, verb, ...(hasApi === true ? ['--address', `0.0.0.0:${API_PORT}`] : []), ...rest];
  // The engine has no file to give as standard input; the shell has, and makes way for k6.
  return input === undefined ? k6 : ['sh', '-c', 'exec "$@" <"$0"', input, ...k6];
}

/** A container tells a signal as a shell does; one that ran out of memory was killed. */
function exitOf({ exitCode }: { readonly exitCode: number }): Awaited<StartedK6['exited']> {
  if (exitCode === 137) return { code: null, signal: 'SIGKILL' };
  return { code: exitCode, signal: null };
}
