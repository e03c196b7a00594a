/** What is measured: the way without a proxy, the real Toxiproxy, ours in each of its ways, and the naive ones. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callApi, openEdge, openProxy } from './control-api.ts';
import type { Bench, Ports } from './line.ts';
import { findMockServer, startMockServer } from './mockserver.ts';
import { quietRules } from './quiet-rules.ts';
import { freePort, startServer, untilAnswers, type Started } from './started.ts';

export type Role = 'direct' | 'pipe' | 'real' | 'off' | 'alone' | 'on' | 'rules' | 'naive' | 'mockserver';

export interface Subject {
  readonly role: Role;
  readonly name: string;
  /** Whose CPU and memory count; null where there is no proxy. */
  readonly pid: number | null;
  readonly ports: Ports;
  /** The control API, where there is one. */
  readonly controlUrl: string | null;
  /** Opens one more proxy in front of a port. */
  open(name: string, upstreamPort: number): Promise<Opened>;
  /** Ends the reader of its taps and says what came; null where nobody reads. */
  readonly endTaps: (() => Promise<TapCount>) | null;
}

/** A proxy's port, and its name in Toxiproxy's API. */
export interface Opened {
  readonly port: number;
  readonly proxy: string;
}

export interface TapCount {
  readonly records: number;
  readonly lost: number;
}

/** Why a subject is not there, for the table. */
export interface Missing {
  readonly name: string;
  readonly reason: string;
}

/** Starts one subject; it ends with the stack. */
export async function startSubject(role: Role, bench: Bench, stack: AsyncDisposableStack): Promise<Subject | Missing> {
  switch (role) {
    case 'direct':
      return { ...bare, role, name: 'direct', pid: null, ports: bench.sink };
    case 'pipe':
      return startPipe(bench, stack);
    case 'naive':
      return startNaive(bench, stack);
    case 'mockserver':
      return startJavaRival(bench, stack);
    case 'real':
      return startReal(bench, stack);
    case 'off':
    case 'alone':
    case 'on':
    case 'rules':
      return startOurs(role, bench, stack);
  }
}

/** Starts several, and tells those that are there from those that are not. */
export async function startSubjects(
  roles: readonly Role[],
  bench: Bench,
  stack: AsyncDisposableStack,
): Promise<{ readonly subjects: readonly Subject[]; readonly missing: readonly Missing[] }> {
  const subjects: Subject[] = [];
  const missing: Missing[] = [];
  for (const role of roles) {
    const started = await startSubject(role, bench, stack);
    if ('reason' in started) missing.push(started);
    else subjects.push(started);
  }
  return { subjects, missing };
}

const bare = {
  controlUrl: null,
  endTaps: null,
  open: (name: string): Promise<Opened> => Promise.reject(new Error(`Cannot open ${name} as there is no control API`)),
};

async function startPipe({ sink }: Bench, stack: AsyncDisposableStack): Promise<Subject> {
  const ports: Ports = { echo: await freePort(), source: await freePort(), drain: await freePort(), http: await freePort() };
  const pairs = (['echo', 'source', 'drain', 'http'] as const).map((name) => `${ports[name]}:${sink[name]}`);
  const started = stack.use(await startServer(process.execPath, [rivalFile('bare-pipe.ts'), ...pairs]));
  await untilAnswers(`http://127.0.0.1:${ports.http}/`, started);
  return { ...bare, role: 'pipe', name: 'bare Node pipe', pid: started.pid, ports };
}

async function startNaive({ sink }: Bench, stack: AsyncDisposableStack): Promise<Subject> {
  const port = await freePort();
  const started = stack.use(await startServer(process.execPath, [rivalFile('naive-http.ts'), `${port}:${sink.http}`]));
  await untilAnswers(`http://127.0.0.1:${port}/`, started);
  return { ...bare, role: 'naive', name: 'naive node:http', pid: started.pid, ports: httpOnly(port) };
}

async function startJavaRival({ sink }: Bench, stack: AsyncDisposableStack): Promise<Subject | Missing> {
  const name = 'MockServer 7.1.0';
  const found = await findMockServer();
  if ('reason' in found) return { name, reason: found.reason };
  const { pid, port } = await startMockServer(found.path, sink.http, stack);
  return { ...bare, role: 'mockserver', name, pid, ports: httpOnly(port) };
}

async function startReal({ real, sink }: Bench, stack: AsyncDisposableStack): Promise<Subject> {
  const control = await freePort();
  const env = { ...process.env, LOG_LEVEL: 'error' };
  const started = stack.use(await startServer(real.path, ['-host', '127.0.0.1', '-port', `${control}`], env));
  return throughToxiproxyApi({ role: 'real', name: `Toxiproxy ${real.version}`, started, controlUrl: `http://127.0.0.1:${control}`, sink });
}

async function startOurs(role: 'off' | 'alone' | 'on' | 'rules', bench: Bench, stack: AsyncDisposableStack): Promise<Subject> {
  const { sink, packageFolder, ourArguments } = bench;
  const control = await freePort();
  const entry = join(packageFolder, 'bin', 'halfopen.js');
  const args = [
    entry,
    'proxy',
    '--host',
    '127.0.0.1',
    '--port',
    `${control}`,
    ...ourArguments,
    ...(role === 'alone' ? ['--workers', '0'] : []),
  ];
  const started = stack.use(await startServer(process.execPath, args));
  const controlUrl = `http://127.0.0.1:${control}`;
  if (role === 'off') return throughToxiproxyApi({ role, name: 'halfopen, tap off', started, controlUrl, sink });
  if (role === 'alone') return throughToxiproxyApi({ role, name: 'halfopen, tap off, no workers', started, controlUrl, sink });
  await untilAnswers(`${controlUrl}/version`, started);
  const taps = stack.use(await bench.loadgen.start<{ readonly status: number }, TapCount>('taps', { url: `${controlUrl}/halfopen/taps` }));
  if (taps.first.status !== 200) throw new Error(`Cannot read the taps of halfopen: it answered ${taps.first.status}`);
  const edge = async (name: string, protocol: 'tcp' | 'http'): Promise<number> =>
    (await openEdge(controlUrl, { edge: `bench->${name}`, protocol, upstreamPort: sink[name as keyof Ports] })).port;
  const ports: Ports = {
    echo: await edge('echo', 'tcp'),
    source: await edge('source', 'tcp'),
    drain: await edge('drain', 'tcp'),
    http: await edge('http', 'http'),
  };
  if (role === 'rules') await addQuietRules(controlUrl);
  return {
    role,
    name: role === 'on' ? 'halfopen, tap on' : 'halfopen, tap on, ten HTTP rules',
    pid: started.pid,
    ports,
    controlUrl,
    open: (name, upstreamPort) => openEdge(controlUrl, { edge: `bench->${name}`, protocol: 'tcp', upstreamPort }),
    async endTaps() {
      await callApi(controlUrl, 'POST', '/halfopen/flush');
      return taps.end();
    },
  };
}

async function throughToxiproxyApi(options: {
  readonly role: Role;
  readonly name: string;
  readonly started: Started;
  readonly controlUrl: string;
  readonly sink: Ports;
}): Promise<Subject> {
  const { role, name, started, controlUrl, sink } = options;
  await untilAnswers(`${controlUrl}/version`, started);
  const open = (proxy: string, upstreamPort: number): Promise<Opened> => openProxy(controlUrl, { proxy, upstreamPort });
  const ports: Ports = {
    echo: (await open('echo', sink.echo)).port,
    source: (await open('source', sink.source)).port,
    drain: (await open('drain', sink.drain)).port,
    http: (await open('http', sink.http)).port,
  };
  return { role, name, pid: started.pid, ports, controlUrl, open, endTaps: null };
}

async function addQuietRules(controlUrl: string): Promise<void> {
  const path = `/halfopen/edges/${encodeURIComponent('bench->http')}/rules`;
  for (const rule of quietRules) await callApi(controlUrl, 'POST', path, rule);
  const inForce = (await callApi(controlUrl, 'GET', path)) as readonly unknown[];
  if (inForce.length !== quietRules.length) throw new Error(`Cannot measure ten rules as only ${inForce.length} are in force`);
}

/** A rival that speaks HTTP and nothing else; its other ports lead nowhere. */
function httpOnly(port: number): Ports {
  return { echo: 0, source: 0, drain: 0, http: port };
}

function rivalFile(name: string): string {
  return fileURLToPath(new URL(`./rivals/${name}`, import.meta.url));
}
