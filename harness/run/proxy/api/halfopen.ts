import type { Observe } from '../../../model/system.ts';
import { monotonicUs } from '../../clock.ts';
import { parseHostPort } from '../address.ts';
import { proxyNameOfEdge } from '../edge-name.ts';
import type { Listener } from '../listener.ts';
import type { Registry } from '../registry.ts';
import { decodeFields, objectField, stringField, type Fields } from './fields.ts';
import { ApiError, json } from './reply.ts';
import { ruleRoutes } from './rules.ts';
import type { Route } from './router.ts';
import { streamTaps } from './tap-stream.ts';

/** What our proxy offers beyond Toxiproxy's: edges, HTTP rules, taps. */
export function halfopenRoutes(registry: Registry): Route[] {
  let flushes = 0;
  const edgePath = '/halfopen/edges/:edge';
  const find = (edge: string | undefined): Listener => {
    const listener = registry.get(proxyNameOfEdge(edge ?? ''));
    if (listener === undefined) throw new ApiError(404, 'edge not found');
    return listener;
  };
  return [
    {
      methods: ['POST'],
      path: '/halfopen/edges',
      handle: async ({ body }) => json(201, addressJson(await openEdge(registry, decodeFields(body)))),
    },
    {
      methods: ['PATCH'],
      path: edgePath,
      handle: ({ names, body }) => {
        const listener = find(names['edge']);
        listener.upstream = upstreamOf(decodeFields(body));
        return json(200, addressJson(listener));
      },
    },
    ...ruleRoutes(edgePath, find),
    {
      methods: ['GET'],
      path: '/halfopen/touched',
      handle: async () => {
        await registry.sync();
        return json(200, registry.log.touched());
      },
    },
    { methods: ['GET'], path: '/halfopen/clock', handle: () => json(200, { monotonicUs: monotonicUs() }) },
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
        registry.log.sendAll(JSON.stringify({ flushed: flushes }));
        return json(200, { flushed: flushes, lost: registry.log.lost });
      },
    },
  ];
}

async function openEdge(registry: Registry, fields: Fields): Promise<Listener> {
  const edge = stringField(fields, 'edge', '');
  const protocol = stringField(fields, 'protocol', 'http');
  if (edge === '') throw new ApiError(400, 'missing required field: edge');
  if (protocol !== 'http' && protocol !== 'tcp')
    throw new ApiError(400, `Cannot open an edge as 'protocol' must be http or tcp: current value is ${protocol}`);
  const upstream = upstreamOf(fields);
  const name = proxyNameOfEdge(edge);
  if (registry.get(name) !== undefined) throw new ApiError(409, 'proxy already exists');
  const observe = fields.get('observe') === undefined ? undefined : (objectField(fields, 'observe') as Observe);
  const host = stringField(fields, 'host', '127.0.0.1');
  return registry.create({ name, listen: `${host}:0`, upstream, enabled: true }, { edge, protocol, isTapped: true, observe });
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
