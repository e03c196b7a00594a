import { request, type Agent, type IncomingHttpHeaders } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { HttpAction, HttpTarget } from '../../harness/run/proxy/contract.ts';
import { never, startCallee, startWorld, type World } from './proxy-world.ts';

const EDGE = 'orders->payments';
/** The body of `/length` and `/chunked`. */
export const LETTERS = 'abcdefghijklmnopqrstuvwxyz'.repeat(40).slice(0, 1000);

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface AskOptions {
  readonly agent?: Agent;
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A world with one HTTP edge. */
export interface Shop extends World {
  readonly edge: string;
  /** Opens the edge in front of a callee. */
  front(upstream: string): Promise<number>;
  /** Puts the one rule of these tests in force. */
  put(action: HttpAction, target?: HttpTarget, seed?: number): Promise<void>;
  withdraw(): Promise<void>;
  touched(): Promise<number>;
  /** Resolves when so many exchanges were touched. */
  untilTouched(count: number): Promise<void>;
  /** Over how many connections the calls came. */
  dialled(): Promise<number>;
}

export async function startShop(): Promise<Shop> {
  const world = await startWorld();
  const { proxy } = world;
  const touched = (): Promise<number> => proxy.touched('storm', never);
  return {
    ...world,
    edge: EDGE,
    front: (upstream) => world.open({ edge: EDGE, protocol: 'http', upstream, observe: { value: '/fee/amount' } }),
    put: (action, target = {}, seed = 3) => proxy.addRule(EDGE, { name: 'storm', action, target, seed }, never),
    withdraw: () => proxy.removeRule(EDGE, 'storm', never),
    touched,
    async untilTouched(count) {
      const deadline = performance.now() + 10_000;
      while ((await touched()) < count) {
        if (performance.now() > deadline) throw new Error(`touched ${await touched()} of ${count}`);
      }
    },
    dialled: async () => new Set((await world.taps()).map(({ connection }) => connection)).size,
  };
}

/** A callee with one reply for each way in which a body may end. */
export async function startLetters(shop: Shop): Promise<{ port: number; asked: string[] }> {
  const callee = await startCallee(shop, (incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on('data', (data: Buffer) => parts.push(data));
    incoming.on('end', () => {
      response.sendDate = false;
      const path = incoming.url?.split('?')[0];
      if (path === '/length') {
        response.setHeader('Content-Length', LETTERS.length);
        response.end(LETTERS);
      } else if (path === '/chunked') {
        response.write(LETTERS.slice(0, 400));
        response.write(LETTERS.slice(400, 500));
        response.end(LETTERS.slice(500));
      } else if (path === '/json') {
        response.setHeader('Content-Type', 'application/json');
        response.end('{"fee":{"amount":5},"list":[1,2]}');
      } else if (path === '/gzip') {
        response.setHeader('Content-Encoding', 'gzip');
        response.end(gzipSync(LETTERS));
      } else if (path === '/none') {
        response.statusCode = 204;
        response.end();
      } else if (path === '/echo') {
        response.end(JSON.stringify({ url: incoming.url, raw: incoming.rawHeaders, body: Buffer.concat(parts).toString() }));
      } else {
        response.end('ok');
      }
    });
  });
  return { port: await shop.front(callee.upstream), asked: callee.asked };
}

/** One request through `node:http`; rejects as the socket does. */
export function ask(port: number, path: string, options: AskOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { agent, method = 'GET', headers = {} } = options;
    const outgoing = request({ host: '127.0.0.1', port, path, method, agent: agent ?? false, headers });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const parts: Buffer[] = [];
      response.on('data', (data: Buffer) => parts.push(data));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }));
    });
    outgoing.end(options.body);
  });
}

export const get = (path: string, method = 'GET'): string => `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

export function headOf(reply: string): string {
  return reply.slice(0, reply.indexOf('\r\n\r\n'));
}

export function bodyOf(reply: string): string {
  return reply.slice(reply.indexOf('\r\n\r\n') + 4);
}
