/** Concurrent calls about a few proxies, and what they leave behind. */
import { connect } from 'node:net';
import { seededRandom, type Random } from '../../../harness/model/random.ts';
import { isFree, type Toxi } from '../servers.ts';

const CALLERS = 8;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const HAMMER_MS = 2000;

/** A call that has no reason to fail. */
type Call = readonly [method: string, path: string, body?: unknown];

export interface Aftermath {
  /** Calls that were answered with 5xx, or not at all. */
  readonly errors: readonly string[];
  /** Ports that are open though no proxy says so, or closed though one does. */
  readonly astray: readonly number[];
  /** Ports that are open when all proxies are removed. */
  readonly leaked: readonly number[];
}

/** Makes, removes, moves, populates, resets and switches proxies, each with two ports of its own, over and over. */
export async function hammer(toxi: Toxi): Promise<Aftermath> {
  const ports = await quietPorts(2 * NAMES.length, toxi.kind);
  const errors: string[] = [];
  const untilMs = performance.now() + HAMMER_MS;
  const hammerOnce = async (random: Random): Promise<void> => {
    const [method, path, body] = callOf(random, ports);
    const answer = await toxi.ask(method, path, body).catch((error: unknown) => ({ status: 0, text: String(error) }));
    if (answer.status === 0 || answer.status >= 500) errors.push(`${method} ${path}: ${answer.status} ${answer.text}`);
  };
  const callers = Array.from({ length: CALLERS }, async (_, index) => {
    const random = seededRandom(1, `caller ${index}`);
    while (performance.now() < untilMs) await hammerOnce(random);
  });
  await Promise.all(callers);
  const shown = Object.values(JSON.parse((await toxi.ask('GET', '/proxies')).text) as Record<string, Shown>);
  const saysOpen = (port: number): boolean => shown.some(({ listen, enabled }) => enabled && listen.endsWith(`:${port}`));
  const open = await openAmong(ports);
  for (const name of NAMES) await toxi.ask('DELETE', `/proxies/${name}`);
  return { errors, astray: ports.filter((port) => open.includes(port) !== saysOpen(port)), leaked: await openAmong(ports) };
}

interface Shown {
  readonly listen: string;
  readonly enabled: boolean;
}

function callOf(random: Random, ports: readonly number[]): Call {
  const pick = (count: number): number => Math.floor(random() * count);
  const index = pick(NAMES.length);
  const name = NAMES[index] ?? '';
  const listen = `127.0.0.1:${ports[2 * index + pick(2)]}`;
  const proxy = { name, listen, upstream: '127.0.0.1:9', enabled: random() < 0.8 };
  const calls: readonly Call[] = [
    ['POST', '/proxies', proxy],
    ['POST', '/proxies', proxy],
    ['DELETE', `/proxies/${name}`],
    ['PATCH', `/proxies/${name}`, { enabled: proxy.enabled }],
    ['PATCH', `/proxies/${name}`, { listen }],
    ['POST', '/populate', [proxy]],
    ['POST', `/proxies/${name}/toxics`, { type: 'noop' }],
    ['POST', '/reset'],
  ];
  return calls[pick(calls.length)] ?? ['GET', '/proxies'];
}

async function openAmong(ports: readonly number[]): Promise<readonly number[]> {
  const answers = await Promise.all(ports.map(isOpen));
  return ports.filter((_, index) => answers[index]);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}

/** Free ports below those that the system gives to outgoing connections, which would take them between two calls. */
async function quietPorts(count: number, kind: Toxi['kind']): Promise<readonly number[]> {
  const from = (kind === 'ours' ? 20_000 : 26_000) + (process.pid % 50) * 100;
  const found: number[] = [];
  for (let port = from; found.length < count && port < from + 1000; port++) if (await isFree(port)) found.push(port);
  if (found.length < count) throw new Error(`there are not ${count} free ports from ${from} on`);
  return found;
}
