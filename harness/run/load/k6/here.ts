import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { HarnessError } from '../../../model/problem.ts';
import type { K6Start, StartedK6 } from './in-container.ts';

/** Starts k6 on this machine. @throws {HarnessError} if it cannot be started */
export async function startHere({ executable, args, env, input, workingFolder, hasApi }: K6Start): Promise<StartedK6> {
  const [verb = '', ...rest] = args;
  const api = hasApi === true ? `127.0.0.1:${await freePort()}` : null;
  const stdin = input === undefined ? null : openSync(input, 'r');
  const child = spawn(executable, [verb, ...(api === null ? [] : ['--address', api]), ...rest], {
    // A group of its own: a terminal's Ctrl-C reaches the harness, which ends it in order, and a signal reaches all that it starts.
    detached: true,
    stdio: [stdin ?? 'ignore', 'pipe', 'pipe'],
    env: { ...inherited(process.env), ...env },
    ...(workingFolder === undefined ? {} : { cwd: workingFolder }),
  });
  try {
    await once(child, 'spawn');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HarnessError(`Cannot start k6: ${reason}`, { cause: error });
  } finally {
    if (stdin !== null) closeSync(stdin);
  }
  const exited = once(child, 'exit').then(([code, signal]: unknown[]) => {
    // What it has started goes with it; a browser of a script, for one.
    signalGroup(child, 'SIGKILL');
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  return {
    output: [child.stdout, child.stderr].filter((stream) => stream !== null),
    exited,
    api: api === null ? null : `http://${api}`,
    signal: (name) => {
      if (child.exitCode === null && child.signalCode === null) signalGroup(child, name);
    },
  };
}

/** Without what would change k6's options, or send the load through a proxy that the builtin driver would not take. */
function inherited(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(?:K6_.*|(?:https?|all|no)_proxy)$/i.test(name)));
}

function signalGroup({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
