import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CLEAN_WITHIN_MS, killGroup, startRun, until, type KillPlace, type Way } from './docker-kill.ts';
import type { OwnEngine } from './own-engine.ts';

/** A run that was killed while it had toxics on a Toxiproxy that somebody else runs. */
export interface AttachedKill {
  readonly way: Way;
  readonly afterMs: number;
  /** The run's toxics and proxies when it was killed. */
  readonly before: readonly string[];
  readonly left: readonly string[];
  readonly goneAfterMs: number;
  readonly foreignTouched: readonly string[];
}

const PORTS = { toxiproxy: 8474, front: 18_080, back: 18_081, viaToxiproxy: 18_082, spare: 18_083 } as const;

interface Case {
  readonly way: Way;
  readonly afterMs: number;
  readonly seed: number;
}

/** Starts services and a Toxiproxy as somebody else would, attaches to them, and kills the harness while its fault is in force. */
export async function killAttached({ way, afterMs, seed }: Case, place: KillPlace): Promise<AttachedKill> {
  const { engine, projectFolder, folder } = place;
  await using stack = new AsyncDisposableStack();
  await startForeign(engine, projectFolder, stack);
  const theirs = await onToxiproxy(engine);
  const words = ['run', 'slow', '--env', 'attach', '--config', 'attach.config.ts', '--seed', String(seed), '--output', join(folder, 'out')];
  const env = { TOXIPROXY_PORT: String(PORTS.toxiproxy), FRONT_PORT: String(PORTS.front) };
  const run = startRun({ words, way, env }, place);
  stack.defer(() => killGroup(run));
  await until('the fault', () => run.printed().includes('fault harm acknowledged'), run);
  await Promise.race([delay(afterMs, undefined, { signal: place.signal }), run.ended]);
  const ofRun = async (): Promise<readonly string[]> => (await onToxiproxy(engine)).filter((thing) => !theirs.includes(thing));
  const before = await ofRun();
  await killGroup(run);
  const beganMs = performance.now();
  if (way === 'nobody, then clean') await startRun({ words: ['clean'], way }, place).ended;
  let left = await ofRun();
  while (left.length > 0 && performance.now() - beganMs < CLEAN_WITHIN_MS) {
    await delay(250);
    left = await ofRun();
  }
  const goneAfterMs = performance.now() - beganMs;
  const now = await onToxiproxy(engine);
  return { way, afterMs, before, left, goneAfterMs, foreignTouched: theirs.filter((thing) => !now.includes(thing)) };
}

/** Two services, and a Toxiproxy between them that carries a toxic already, on a proxy of nobody's concern. */
async function startForeign(engine: OwnEngine, projectFolder: string, stack: AsyncDisposableStack): Promise<void> {
  const name = 'somebodys-toxiproxy';
  stack.defer(async () => void (await engine.docker('rm', '--force', name)));
  await engine.docker('run', '--detach', '--name', name, '--network', 'host', 'ghcr.io/shopify/toxiproxy:2.12.0');
  const [enter = '', ...inside] = engine.inItsNetwork;
  const serve = (env: Readonly<Record<string, string>>): void => {
    const child = spawn(enter, [...inside, process.execPath, join(projectFolder, 'fixtures/containers/service.ts')], {
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
    stack.defer(() => void child.kill('SIGKILL'));
  };
  serve({ PORT: String(PORTS.back) });
  serve({ PORT: String(PORTS.front), BACK_URL: `http://127.0.0.1:${PORTS.viaToxiproxy}` });
  await untilAnswers(engine);
  const proxy = (proxyName: string, port: number): object => ({
    name: proxyName,
    listen: `127.0.0.1:${port}`,
    upstream: `127.0.0.1:${PORTS.back}`,
  });
  await ask(engine, 'POST', '/proxies', proxy('front--back', PORTS.viaToxiproxy));
  await ask(engine, 'POST', '/proxies', proxy('halfopen-spare', PORTS.spare));
  await ask(engine, 'POST', '/proxies/halfopen-spare/toxics', { name: 'halfopen-theirs', type: 'latency', attributes: { latency: 1 } });
}

async function untilAnswers(engine: OwnEngine): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while ((await onToxiproxy(engine).catch(() => null)) === null) {
    if (performance.now() > deadlineMs) throw new Error('Cannot attach: the Toxiproxy did not answer within 20 s');
    await delay(100);
  }
}

/** `proxy front--back on`, `toxic front--back/x {…}`. */
async function onToxiproxy(engine: OwnEngine): Promise<readonly string[]> {
  const proxies = JSON.parse(await ask(engine, 'GET', '/proxies')) as Readonly<
    Record<string, { readonly enabled: boolean; readonly upstream: string; readonly toxics: readonly { readonly name: string }[] }>
  >;
  return Object.entries(proxies).flatMap(([name, { enabled, upstream, toxics }]) => [
    `proxy ${name} ${enabled ? 'on' : 'off'} to ${upstream}`,
    ...toxics.map((toxic) => `toxic ${name}/${toxic.name}`),
  ]);
}

/** In the engine's own network, where this process is not. */
async function ask({ inItsNetwork }: OwnEngine, method: string, path: string, body?: object): Promise<string> {
  const program = `fetch('http://127.0.0.1:${PORTS.toxiproxy}${path}', { method: '${method}', ...(process.argv[1] ? { body: process.argv[1] } : {}) })
    .then(async (answer) => { process.stdout.write(await answer.text()); process.exitCode = answer.ok ? 0 : 1; })
    .catch((error) => { console.error(error); process.exitCode = 1; });`;
  const [enter = '', ...inside] = inItsNetwork;
  const child = spawn(enter, [...inside, process.execPath, '-e', program, ...(body === undefined ? [] : [JSON.stringify(body)])], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`Cannot ask the Toxiproxy ${method} ${path}: ${text}`);
  return text;
}
