import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connectProxy } from '../../harness/run/proxy/client.ts';
import { startChild } from './child.ts';
import type { SinkPorts } from './proxy-sink.ts';

/** One way from the generator to the sink: a port for each of the sink's. */
export interface RouteTo {
  readonly name: string;
  readonly ports: SinkPorts;
}

/** The real Toxiproxy where one is installed: `TOXIPROXY_SERVER`, or `toxiproxy-server` on PATH. */
export function findToxiproxy(): string | null {
  const named = process.env['TOXIPROXY_SERVER'];
  if (named !== undefined && named !== '') return named;
  const paths = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'toxiproxy-server'));
  return paths.find((path) => existsSync(path)) ?? null;
}

export async function pipeRoute(sink: SinkPorts, stack: AsyncDisposableStack): Promise<RouteTo> {
  const proxy = stack.use(startChild<number, number>('./proxy-pipe.ts'));
  return {
    name: 'bare pipe()',
    ports: { echo: await proxy.ask(sink.echo), source: await proxy.ask(sink.source), http: await proxy.ask(sink.http) },
  };
}

/** Our proxy's process with its edges open: TCP for the raw ports, and HTTP or TCP for the HTTP one. */
export async function halfopenRoute(
  sink: SinkPorts,
  stack: AsyncDisposableStack,
  { name, http, hasReader }: { readonly name: string; readonly http: 'http' | 'tcp'; readonly hasReader: boolean },
): Promise<RouteTo & { readonly taken: () => number }> {
  const entry = fileURLToPath(new URL('../../harness/run/proxy/main.ts', import.meta.url));
  const child = spawn(process.execPath, [entry, '--port', '0', '--parent-stdin'], { stdio: ['pipe', 'pipe', 'inherit'] });
  stack.defer(async () => {
    const exited = once(child, 'exit');
    child.stdin.end();
    await exited;
  });
  const { host, port } = JSON.parse(await firstLine(child.stdout)) as { readonly host: string; readonly port: number };
  let taken = 0;
  const signal = new AbortController().signal;
  const proxy = await connectProxy({
    controlUrl: `http://${host}:${port}`,
    signal,
    onTap: (records) => void (taken += records.length),
    onLost: () => undefined,
  });
  const open = async (edge: string, protocol: 'http' | 'tcp', upstream: number): Promise<number> =>
    (await proxy.open({ edge, protocol, upstream: `127.0.0.1:${upstream}` }, signal)).port;
  const ports: SinkPorts = {
    echo: await open('bench->echo', 'tcp', sink.echo),
    source: await open('bench->source', 'tcp', sink.source),
    http: await open('bench->http', http, sink.http),
  };
  if (hasReader) stack.use(proxy);
  else await proxy[Symbol.asyncDispose]();
  return { name, ports, taken: () => taken };
}

export async function toxiproxyRoute(binary: string, sink: SinkPorts, stack: AsyncDisposableStack): Promise<RouteTo> {
  // Toxiproxy does not say which port it took, so the bench chooses one below the range from which systems choose.
  const control = 20_000 + (process.pid % 10_000);
  const child = spawn(binary, ['-host', '127.0.0.1', '-port', String(control)], {
    stdio: 'ignore',
    env: { ...process.env, LOG_LEVEL: 'error' },
  });
  stack.defer(async () => {
    if (child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  });
  const url = `http://127.0.0.1:${control}`;
  await untilAnswers(`${url}/version`);
  const open = async (name: string, upstream: number): Promise<number> => {
    const body = JSON.stringify({ name, listen: '127.0.0.1:0', upstream: `127.0.0.1:${upstream}`, enabled: true });
    const response = await fetch(`${url}/proxies`, { method: 'POST', body });
    if (!response.ok) throw new Error(`Cannot open a proxy in ${binary}: ${response.status} ${await response.text()}`);
    const { listen } = (await response.json()) as { readonly listen: string };
    return Number(listen.slice(listen.lastIndexOf(':') + 1));
  };
  return {
    name: 'Toxiproxy',
    ports: { echo: await open('echo', sink.echo), source: await open('source', sink.source), http: await open('http', sink.http) },
  };
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  throw new Error('Cannot start the proxy: it said nothing');
}

const ANSWERS_WITHIN_MS = 5000;

async function untilAnswers(url: string): Promise<void> {
  const deadlineMs = performance.now() + ANSWERS_WITHIN_MS;
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw new Error(`Cannot reach ${url} within ${ANSWERS_WITHIN_MS} ms`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
