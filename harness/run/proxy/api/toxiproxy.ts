import type { Listener } from '../listener.ts';
import { isSameListen, type ProxyRequest, type Registry } from '../registry.ts';
import { changedAttributes, newToxic, type Stream, type Toxic } from '../toxic.ts';
import { toxicKind } from '../toxics/index.ts';
import { booleanField, decodeBody, decodeFields, fieldsOf, numberField, objectField, stringField, type Fields } from './fields.ts';
import { ApiError, json, NO_CONTENT } from './reply.ts';
import type { Route } from './router.ts';

/** The release of Toxiproxy whose API this is. */
const VERSION = '2.12.0';

/** Toxiproxy's own routes. */
export function toxiproxyRoutes(registry: Registry): Route[] {
  const find = (name: string | undefined): Listener => {
    const listener = registry.get(name ?? '');
    if (listener === undefined) throw new ApiError(404, 'proxy not found');
    return listener;
  };
  return [...serverRoutes(registry), ...proxyRoutes(registry, find), ...toxicRoutes(find)];
}

type Find = (name: string | undefined) => Listener;

const PROXY_PATH = '/proxies/:proxy';
const TOXIC_PATH = `${PROXY_PATH}/toxics/:toxic`;

function serverRoutes(registry: Registry): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/version',
      handle: () => ({ kind: 'text', status: 200, type: 'application/json;charset=utf-8', text: `{"version": "${VERSION}"}\n` }),
    },
    {
      methods: ['POST'],
      path: '/populate',
      handle: async ({ body }) => json(201, { proxies: await populate(registry, decodeBody(body)) }),
    },
    {
      methods: ['POST'],
      path: '/reset',
      handle: async () => {
        for (const listener of registry.all()) {
          await listener.heal();
          await listener.start();
        }
        return NO_CONTENT;
      },
    },
  ];
}

function proxyRoutes(registry: Registry, find: Find): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/proxies',
      handle: () => json(200, Object.fromEntries(registry.all().map((proxy) => [proxy.name, proxyJson(proxy)]))),
    },
    {
      methods: ['POST'],
      path: '/proxies',
      handle: async ({ body }) => json(201, proxyJson(await createProxy(registry, decodeFields(body)))),
    },
    { methods: ['GET'], path: PROXY_PATH, handle: ({ names }) => json(200, proxyJson(find(names['proxy']))) },
    {
      methods: ['POST', 'PATCH'],
      path: PROXY_PATH,
      handle: async ({ names, body }) => json(200, proxyJson(await updateProxy(registry, find(names['proxy']), decodeFields(body)))),
    },
    {
      methods: ['DELETE'],
      path: PROXY_PATH,
      handle: async ({ names }) => {
        await registry.remove(find(names['proxy']));
        return NO_CONTENT;
      },
    },
  ];
}

function toxicRoutes(find: Find): Route[] {
  const findToxic = (listener: Listener, name: string | undefined): Toxic => {
    const toxic = listener.find(name ?? '');
    if (toxic === undefined) throw new ApiError(404, 'toxic not found');
    return toxic;
  };
  return [
    { methods: ['GET'], path: `${PROXY_PATH}/toxics`, handle: ({ names }) => json(200, find(names['proxy']).toxics.map(toxicJson)) },
    {
      methods: ['POST'],
      path: `${PROXY_PATH}/toxics`,
      handle: async ({ names, body }) => json(200, toxicJson(await createToxic(find(names['proxy']), decodeFields(body)))),
    },
    { methods: ['GET'], path: TOXIC_PATH, handle: ({ names }) => json(200, toxicJson(findToxic(find(names['proxy']), names['toxic']))) },
    {
      methods: ['POST', 'PATCH'],
      path: TOXIC_PATH,
      handle: async ({ names, body }) => {
        const listener = find(names['proxy']);
        return json(200, toxicJson(await updateToxic(listener, findToxic(listener, names['toxic']), decodeFields(body))));
      },
    },
    {
      methods: ['DELETE'],
      path: TOXIC_PATH,
      handle: async ({ names }) => {
        const listener = find(names['proxy']);
        await listener.removeToxic(findToxic(listener, names['toxic']));
        return NO_CONTENT;
      },
    },
  ];
}

export function proxyJson(listener: Listener): unknown {
  const { name, listen, upstream, enabled, toxics } = listener;
  return { name, listen, upstream, enabled, toxics: toxics.map(toxicJson) };
}

function toxicJson({ attributes, name, type, stream, toxicity }: Toxic): unknown {
  return { attributes, name, type, stream, toxicity };
}

function proxyRequest(fields: Fields, where = ''): ProxyRequest {
  const request: ProxyRequest = {
    name: stringField(fields, 'name', ''),
    listen: stringField(fields, 'listen', ''),
    upstream: stringField(fields, 'upstream', ''),
    enabled: booleanField(fields, 'enabled', true),
  };
  if (request.name === '') throw new ApiError(400, `missing required field: name${where}`);
  // Such a name could be made and never be addressed again.
  if (request.name.includes('/')) throw new ApiError(400, `bad request body: name must not contain a slash${where}`);
  if (request.upstream === '') throw new ApiError(400, `missing required field: upstream${where}`);
  return request;
}

async function createProxy(registry: Registry, fields: Fields): Promise<Listener> {
  const request = proxyRequest(fields);
  if (registry.get(request.name) !== undefined) throw new ApiError(409, 'proxy already exists');
  return registry.create(request);
}

async function updateProxy(registry: Registry, listener: Listener, fields: Fields): Promise<Listener> {
  await registry.update(listener, {
    listen: stringField(fields, 'listen', listener.listen),
    upstream: stringField(fields, 'upstream', listener.upstream),
    enabled: booleanField(fields, 'enabled', listener.enabled),
  });
  return listener;
}

/** Makes every proxy of the list; one that is there and does not differ is left alone with its toxics. */
async function populate(registry: Registry, body: unknown): Promise<unknown[]> {
  if (!Array.isArray(body)) throw new ApiError(400, 'bad request body: expected a list', { proxies: null });
  const requests = body.map((entry, index) => proxyRequest(fieldsOf(entry), ` at proxy ${index + 1}`));
  const proxies: unknown[] = [];
  for (const request of requests) {
    const existing = registry.get(request.name);
    if (existing !== undefined && existing.upstream === request.upstream && isSameListen(request.listen, existing.listen)) {
      proxies.push(proxyJson(existing));
      continue;
    }
    if (existing !== undefined) await registry.remove(existing);
    try {
      proxies.push(proxyJson(await registry.create(request)));
    } catch (error) {
      throw new ApiError(500, (error as Error).message, { proxies });
    }
  }
  return proxies;
}

async function createToxic(listener: Listener, fields: Fields): Promise<Toxic> {
  const typed = stringField(fields, 'stream', 'downstream');
  const type = stringField(fields, 'type', '');
  const toxicity = numberField(fields, 'toxicity', 1);
  const name = stringField(fields, 'name', '') || `${type}_${typed}`;
  const changes = objectField(fields, 'attributes');
  const stream = typed.toLowerCase();
  if (stream !== 'upstream' && stream !== 'downstream') throw new ApiError(400, 'stream was invalid, can be either upstream or downstream');
  const kind = toxicKind(type);
  if (kind === undefined) throw new ApiError(400, 'invalid toxic type');
  if (name.includes('/')) throw new ApiError(400, 'bad request body: name must not contain a slash');
  if (listener.find(name) !== undefined) throw new ApiError(409, 'toxic already exists');
  const attributes = changedAttributes(kind, {}, changes);
  if (typeof attributes === 'string') throw new ApiError(400, `bad request body: ${attributes}`);
  const toxic = newToxic({ name, type, stream: stream satisfies Stream, kind, toxicity, attributes });
  await listener.addToxic(toxic);
  return toxic;
}

async function updateToxic(listener: Listener, toxic: Toxic, fields: Fields): Promise<Toxic> {
  const toxicity = numberField(fields, 'toxicity', toxic.toxicity);
  const attributes = changedAttributes(toxic.kind, toxic.attributes, objectField(fields, 'attributes'));
  if (typeof attributes === 'string') throw new ApiError(400, `bad request body: ${attributes}`);
  await listener.updateToxic(toxic, { toxicity, attributes });
  return toxic;
}
