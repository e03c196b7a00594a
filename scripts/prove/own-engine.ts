/**
 * A container engine of a test's or proof's own, to stop and start at will: dockerd with containerd in name spaces for network, mounts and
 * processes. Nothing of it meets the machine's engine, and all of it ends with one process, whose stdin this process holds.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { livingProcesses } from './processes.ts';

const run = promisify(execFile);
const UP_WITHIN_MS = 60_000;
const PROGRAMS = ['dockerd', 'containerd', 'runc', 'iptables', 'ip', 'unshare', 'nsenter', 'docker'];
/** Debian keeps some of them where a user's PATH does not lead. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`;

export interface OwnEngine extends AsyncDisposable {
  /** For `DOCKER_HOST`. */
  readonly host: string;
  /** Words before a command that is to reach the containers' published ports, on its own loopback. */
  readonly inItsNetwork: readonly string[];
  /** Starts it again if it ended; what ran under it is there, as an engine finds it after a crash. */
  start(): Promise<void>;
  /** Ends dockerd at once, as a crash does: containers go on without it. */
  crash(): Promise<void>;
  /** Ends dockerd as its service manager does: it stops its containers first. Resolves when it is gone. */
  stop(): Promise<void>;
  docker(...args: readonly string[]): Promise<string>;
  /** Everything that it has beyond what an engine comes with: `container halfopen-1a2b-front`. */
  contents(): Promise<readonly string[]>;
}

const BUILT_IN_NETWORKS = ['bridge', 'host', 'none'];

/** Why none can be started here; null if one can. */
export function ownEngineImpossible(): string | null {
  if (process.getuid?.() !== 0) return 'an engine of its own needs root';
  const folders = PATH.split(':');
  const missing = PROGRAMS.filter((program) => !folders.some((folder) => existsSync(join(folder, program))));
  return missing.length === 0 ? null : `an engine of its own needs ${missing.join(', ')} (way out: .ci/images/engine, iproute2)`;
}

/** Brings one up with these images of the machine's engine. */
export async function startOwnEngine(images: readonly string[]): Promise<OwnEngine> {
  await using stack = new AsyncDisposableStack();
  // Not below a test's own folder: paths of sockets have at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'hoe-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const holder = stack.use(await startHolder());
  const spaces = ['nsenter', `--target=${holder.pid}`, '--net', '--mount', '--pid'];
  const host = `unix://${folder}/s`;
  const docker = async (...args: readonly string[]): Promise<string> =>
    (await run('docker', ['--host', host, ...args], { timeout: UP_WITHIN_MS, maxBuffer: 2 ** 24 })).stdout.trim();

  startDaemon([...spaces, 'containerd', '--config', containerdConfig(folder)], join(folder, 'containerd.log'));
  let daemon: ChildProcess | undefined;
  const runs = (): boolean => daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null;
  const start = async (): Promise<void> => {
    if (runs()) return;
    writeFileSync(join(folder, 'daemon.json'), '{}');
    rmSync(join(folder, 'pid'), { force: true });
    const log = join(folder, 'dockerd.log');
    const places = {
      '--data-root': 'data',
      '--exec-root': 'exec',
      '--pidfile': 'pid',
      '--containerd': 'c',
      '--config-file': 'daemon.json',
    };
    const options = Object.entries(places).flatMap(([flag, file]) => [flag, join(folder, file)]);
    daemon = startDaemon([...spaces, 'dockerd', '--host', host, ...options], log);
    await untilAnswers(daemon, docker, log);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (daemon === undefined || !runs()) return;
    const ended = once(daemon, 'exit');
    // The command of nsenter is its child: a process cannot enter another space of processes itself.
    process.kill(childOf(daemon.pid ?? 0), signal);
    await ended;
  };
  await start();
  await loadInto(host, images);
  const started = stack.move();
  return {
    host,
    inItsNetwork: ['nsenter', `--target=${holder.pid}`, '--net', '--'],
    start,
    crash: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    docker,
    contents: () => contentsOf(docker),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function contentsOf(docker: OwnEngine['docker']): Promise<readonly string[]> {
  const ask = async (kind: string, ...words: readonly string[]): Promise<readonly string[]> =>
    (await docker(...words)).split('\n').flatMap((name) => (name === '' ? [] : [`${kind} ${name}`]));
  const [containers, networks, volumes] = await Promise.all([
    ask('container', 'ps', '--all', '--format', '{{.Names}}'),
    ask('network', 'network', 'ls', '--format', '{{.Name}}'),
    ask('volume', 'volume', 'ls', '--format', '{{.Name}}'),
  ]);
  return [...containers, ...networks.filter((name) => !BUILT_IN_NETWORKS.includes(name.slice('network '.length))), ...volumes];
}

/** The first process of the new spaces: the kernel ends all others with it, and it ends when this process does. */
async function startHolder(): Promise<AsyncDisposable & { readonly pid: number }> {
  const args = [
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    'sh',
    '-c',
    'ip link set lo up && echo up && exec cat',
  ];
  const outer = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, PATH } });
  const exited = once(outer, 'exit');
  await Promise.race([
    once(outer.stdout, 'data'),
    exited.then(() => Promise.reject(new Error('Cannot start an engine: unshare ended at once; it says why above'))),
  ]);
  return {
    pid: childOf(outer.pid ?? 0),
    async [Symbol.asyncDispose]() {
      outer.stdin.end();
      await exited;
    },
  };
}

/** Apart from dockerd, as on a machine with a service manager: containers outlive dockerd. */
function containerdConfig(folder: string): string {
  const path = join(folder, 'containerd.toml');
  const lines = [
    'version = 2',
    `root = "${folder}/containerd"`,
    `state = "${folder}/containerd-state"`,
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[grpc]',
    `address = "${folder}/c"`,
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

/** A session of its own, so that a Ctrl-C meant for the tests does not end it before its containers. */
function startDaemon([program = '', ...args]: readonly string[], logPath: string): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, PATH } });
  const log = createWriteStream(logPath, { flags: 'a' });
  for (const stream of [child.stdout, child.stderr]) stream.pipe(log, { end: false });
  return child;
}

async function untilAnswers(daemon: ChildProcess, docker: OwnEngine['docker'], logPath: string): Promise<void> {
  const deadlineMs = performance.now() + UP_WITHIN_MS;
  const answers = async (): Promise<boolean> => {
    try {
      await docker('version');
      return true;
    } catch (error) {
      if (performance.now() < deadlineMs && daemon.exitCode === null) return false;
      throw new Error(`Cannot start an engine of its own:\n${readFileSync(logPath, 'utf8').split('\n').slice(-15).join('\n')}`, {
        cause: error,
      });
    }
  };
  while (!(await answers())) await delay(100);
}

async function loadInto(host: string, images: readonly string[]): Promise<void> {
  if (images.length === 0) return;
  const save = spawn('docker', ['save', ...images], { stdio: ['ignore', 'pipe', 'inherit'] });
  const load = spawn('docker', ['--host', host, 'load', '--quiet'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const loaded = once(load, 'exit');
  await pipeline(save.stdout, load.stdin);
  const [code] = (await loaded) as [number | null];
  if (code !== 0) throw new Error(`Cannot load ${images.join(', ')} into an engine of its own: docker load ended with ${code}`);
}

function childOf(pid: number): number {
  const child = livingProcesses().find(({ parentPid }) => parentPid === pid);
  if (child === undefined) throw new Error(`Cannot find the child of process ${pid}: it has none`);
  return child.pid;
}
