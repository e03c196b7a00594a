import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Observe } from '../../../model/system.ts';
import { monotonicUs } from '../../clock.ts';
import { parseHostPort } from '../address.ts';
import { proxyNameOfEdge } from '../../../model/edge-name.ts';
import { Leases } from '../lease.ts';
import type { Listener } from '../listener.ts';
import type { Registry } from '../registry.ts';
import { decodeBody, decodeFields, fieldsOf, objectField, stringField, type Fields } from './fields.ts';
import { leaseRoutes } from './leases.ts';
import { inGosWords, withPort } from './listen-error.ts';
import { demandAddressable } from './name.ts';
import { demandListen, readEach } from './proxy-body.ts';
import { ApiError, json } from './reply.ts';
import { ruleRoutes } from './rules.ts';
import type { Route } from './router.ts';
import { stateRoutes } from './state.ts';
import { streamTaps } from './tap-stream.ts';

const PACKAGE = new URL('../../../../', import.meta.url);
const EDGE_PATH = '/halfopen/edges/:edge';
const PROXY_PATH = '/halfopen/proxies/:proxy';

export interface HalfopenOptions {
  /** Withdraws what has a time to live. */
  readonly leases?: Leases;
}

/** What our proxy offers beyond Toxiproxy's: edges, HTTP rules, taps, leases, and its state. */
export function halfopenRoutes(registry: Registry, { leases = new Leases(registry) }: HalfopenOptions = {}): Route[] {
  const findEdge = (edge: string | undefined): Listener => demand(registry.get(proxyNameOfEdge(edge ?? '')), 'edge');
  const findProxy = (name: string | undefined): Listener => demand(registry.get(name ?? ''), 'proxy');
  const { version } = JSON.parse(readFileSync(new URL('package.json', PACKAGE), 'utf8')) as { readonly version: string };
  return [
    ...edgeRoutes(registry, findEdge),
    ...ruleRoutes(EDGE_PATH, findEdge),
    ...ruleRoutes(PROXY_PATH, findProxy),
    ...leaseRoutes(leases),
    ...stateRoutes(registry, leases, version),
    ...tapRoutes(registry),
    { methods: ['GET'], path: '/halfopen/clock', handle: () => json(200, { monotonicUs: monotonicUs() }) },
    {
      methods: ['GET'],
      path: '/halfopen/openapi.json',
      handle: async () => ({
        kind: 'text',
        status: 200,
        type: 'application/json',
        text: await readFile(new URL('schema/proxy-api.openapi.json', PACKAGE), 'utf8'),
      }),
    },
  ];
}

function edgeRoutes(registry: Registry, find: (edge: string | undefined) => Listener): Route[] {
  return [
    {
      methods: ['POST'],
      path: '/halfopen/edges',
      handle: async ({ body }) => json(201, addressJson(await openEdge(registry, decodeFields(body)))),
    },
    {
      methods: ['PATCH'],
      path: EDGE_PATH,
      handle: ({ names, body }) => {
        const listener = find(names['edge']);
        listener.upstream = upstreamOf(decodeFields(body));
        return json(200, addressJson(listener));
      },
    },
  ];
}

function tapRoutes(registry: Registry): Route[] {
  let flushes = 0;
  return [
    {
      methods: ['GET'],
      path: '/halfopen/touched',
      handle: async () => {
        await registry.sync();
        return json(200, registry.log.touched());
      },
    },
    {
      methods: ['GET'],
      path: '/halfopen/taps',
      handle: () => ({ kind: 'stream', begin: (_, response) => streamTaps(registry.log, response) }),
    },
    {
      methods: ['POST'],
      path: '/halfopen/flush',
      handle: () => {
        for (const listener of registry.all()) listener.flush();
        flushes++;
        registry.log.flush(JSON.stringify({ flushed: flushes }));
        return json(200, { flushed: flushes, lost: registry.log.lost });
      },
    },
  ];
}

/**
 * Opens every edge of a list, each as a POST /halfopen/edges takes it.
 *
 * @throws {ApiError} that says which one is wrong or cannot be had
 */
export async function openEdges(registry: Registry, body: string): Promise<void> {
  const list = decodeBody(body);
  if (!Array.isArray(list)) throw new ApiError(400, 'bad request body: it must be a list');
  const wanted = readEach(list, 'edge', (entry) => fieldsOf(entry));
  for (const [index, fields] of wanted.entries()) {
    try {
      await openEdge(registry, fields);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new ApiError(error.status, `${error.message} at edge ${index + 1}`);
    }
  }
}

async function openEdge(registry: Registry, fields: Fields): Promise<Listener> {
  const edge = stringField(fields, 'edge', '');
  const protocol = stringField(fields, 'protocol', 'http');
  if (edge === '') throw new ApiError(400, 'missing required field: edge');
  if (protocol !== 'http' && protocol !== 'tcp')
    throw new ApiError(400, `Cannot open an edge as 'protocol' must be http or tcp: current value is ${protocol}`);
  const upstream = upstreamOf(fields);
  const observe = observeOf(fields);
  const listen = await demandListen(withPort(stringField(fields, 'listen', `${stringField(fields, 'host', '127.0.0.1')}:0`)));
  const name = proxyNameOfEdge(edge);
  demandAddressable(name);
  return registry.exclusively(name, async () => {
    if (registry.get(name) !== undefined) throw new ApiError(409, 'proxy already exists');
    try {
      return await registry.create({ name, listen, upstream, enabled: true }, { edge, protocol, isTapped: true, observe });
    } catch (error) {
      throw new ApiError(500, inGosWords((error as Error).message));
    }
  });
}

/** JSON pointers into the replies, by what they find. */
function observeOf(fields: Fields): Observe | undefined {
  if ((fields.get('observe') ?? null) === null) return undefined;
  const observe = Object.fromEntries(Object.entries(objectField(fields, 'observe')).filter(([, value]) => value !== null));
  for (const [name, value] of Object.entries(observe)) {
    const pointers: readonly unknown[] = name === 'degraded' && Array.isArray(value) ? value : [value];
    if (!pointers.every((pointer) => typeof pointer === 'string' && (pointer === '' || pointer.startsWith('/'))))
      throw new ApiError(400, `Cannot open an edge as 'observe.${name}' must be a JSON pointer: current value is ${JSON.stringify(value)}`);
  }
  return observe as Observe;
}

function upstreamOf(fields: Fields): string {
  const upstream = stringField(fields, 'upstream', '');
  if (parseHostPort(upstream) === null)
    throw new ApiError(400, `Cannot dial as 'upstream' must be host:port: current value is ${JSON.stringify(upstream)}`);
  return upstream;
}

function addressJson(listener: Listener): unknown {
  const { host, port } = parseHostPort(listener.listen) ?? { host: '', port: 0 };
  return { host, port, proxy: listener.name };
}

function demand(listener: Listener | undefined, what: 'edge' | 'proxy'): Listener {
  if (listener === undefined) throw new ApiError(404, `${what} not found`);
  return listener;
}
