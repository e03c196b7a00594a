import type { Listener } from '../listener.ts';
import type { Registry } from '../registry.ts';
import type { Toxic } from '../toxic.ts';
import { tell } from './events.ts';
import { booleanField, decodeFields, stringField } from './fields.ts';
import { inGosWords, isSameAddress, resolveListen, withPort } from './listen-error.ts';
import { populate } from './populate.ts';
import { makeProxy, proxyJson, readProxy, tellEnded, tellStarted } from './proxy-body.ts';
import { ApiError, goJson, goText, NO_CONTENT, type Answer } from './reply.ts';
import type { Call, Route } from './router.ts';
import { changeLease, readToxic, readToxicChange, toxicJson } from './toxic-body.ts';

/** The release of Toxiproxy whose API this is. */
export const TOXIPROXY_VERSION = '2.12.0';

/** What the routes need. */
interface Api {
  readonly registry: Registry;
  /** Runs `act` on the proxy that the path names, with nothing else under way on it. */
  readonly withProxy: (names: Call['names'], act: (listener: Listener) => Answer | Promise<Answer>) => Promise<Answer>;
}

/** Toxiproxy's own routes. */
export function toxiproxyRoutes(registry: Registry): Route[] {
  const withProxy: Api['withProxy'] = (names, act) => {
    const name = names['proxy'] ?? '';
    return registry.exclusively(name, () => {
      const listener = registry.get(name);
      if (listener === undefined) throw new ApiError(404, 'proxy not found');
      return act(listener);
    });
  };
  const api: Api = { registry, withProxy };
  return [...serverRoutes(api), ...proxyRoutes(api), ...toxicRoutes(api)];
}

const PROXY_PATH = '/proxies/:proxy';
const TOXICS_PATH = `${PROXY_PATH}/toxics`;
const TOXIC_PATH = `${TOXICS_PATH}/:toxic`;

function serverRoutes({ registry }: Api): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/version',
      handle: () => ({
        kind: 'text',
        status: 200,
        type: 'application/json;charset=utf-8',
        text: `{"version": "${TOXIPROXY_VERSION}"}\n`,
      }),
    },
    {
      methods: ['POST'],
      path: '/populate',
      handle: async ({ body }) => {
        try {
          return await populate(registry, body);
        } catch (error) {
          tell('warn', 'Populate errors', { error: (error as Error).message });
          throw error;
        }
      },
    },
    { methods: ['POST'], path: '/reset', handle: () => reset(registry) },
  ];
}

function proxyRoutes({ registry, withProxy }: Api): Route[] {
  return [
    { methods: ['GET'], path: '/proxies', handle: () => listProxies(registry) },
    {
      methods: ['POST'],
      path: '/proxies',
      handle: ({ body }) => {
        const wanted = readProxy(decodeFields(body));
        const { name } = wanted.request;
        return registry.exclusively(name, async () => {
          if (registry.get(name) !== undefined) throw new ApiError(409, 'proxy already exists');
          const listener = await makeProxy(registry, wanted);
          return goJson(201, proxyJson(listener));
        });
      },
    },
    { methods: ['GET'], path: PROXY_PATH, handle: ({ names }) => goJson(200, proxyJson(find(registry, names))) },
    {
      methods: ['POST', 'PATCH'],
      path: PROXY_PATH,
      handle: ({ names, body }) =>
        withProxy(names, async (listener) => {
          await updateProxy(registry, listener, body);
          return goJson(200, proxyJson(listener));
        }),
    },
    {
      methods: ['DELETE'],
      path: PROXY_PATH,
      handle: ({ names }) =>
        withProxy(names, async (listener) => {
          const { enabled } = listener;
          await registry.remove(listener);
          if (enabled) tellEnded(listener);
          return NO_CONTENT;
        }),
    },
  ];
}

function toxicRoutes({ registry, withProxy }: Api): Route[] {
  return [
    { methods: ['GET'], path: TOXICS_PATH, handle: ({ names }) => goJson(200, find(registry, names).toxics.map(toxicJson)) },
    {
      methods: ['POST'],
      path: TOXICS_PATH,
      handle: ({ names, body }) =>
        withProxy(names, async (listener) => {
          const toxic = readToxic(decodeFields(body), (name) => listener.find(name) !== undefined);
          await listener.addToxic(toxic);
          tellToxic('Added toxic', listener, toxic);
          return goJson(200, toxicJson(toxic));
        }),
    },
    { methods: ['GET'], path: TOXIC_PATH, handle: ({ names }) => goJson(200, toxicJson(findToxic(find(registry, names), names))) },
    {
      methods: ['POST', 'PATCH'],
      path: TOXIC_PATH,
      handle: ({ names, body }) =>
        withProxy(names, async (listener) => {
          const toxic = findToxic(listener, names);
          const { lease, ...change } = readToxicChange(decodeFields(body), toxic);
          await listener.updateToxic(toxic, change);
          changeLease(toxic, lease);
          tellToxic('Updated toxic', listener, toxic);
          return goJson(200, toxicJson(toxic));
        }),
    },
    {
      methods: ['DELETE'],
      path: TOXIC_PATH,
      handle: ({ names }) =>
        withProxy(names, async (listener) => {
          const toxic = findToxic(listener, names);
          await listener.removeToxic(toxic);
          tellToxic('Removed toxic', listener, toxic);
          return NO_CONTENT;
        }),
    },
  ];
}

function find(registry: Registry, names: Call['names']): Listener {
  const listener = registry.get(names['proxy'] ?? '');
  if (listener === undefined) throw new ApiError(404, 'proxy not found');
  return listener;
}

function findToxic(listener: Listener, names: Call['names']): Toxic {
  const toxic = listener.find(names['toxic'] ?? '');
  if (toxic === undefined) throw new ApiError(404, 'toxic not found');
  return toxic;
}

/** Written by hand, as an object of JavaScript would put names that are numbers first. */
function listProxies(registry: Registry): Answer {
  const sorted = registry.all().sort((left, right) => Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)));
  const text = `{${sorted.map((proxy) => `${goText(proxy.name)}:${goText(proxyJson(proxy))}`).join(',')}}`;
  return { kind: 'text', status: 200, type: 'application/json', text };
}

async function updateProxy(registry: Registry, listener: Listener, body: string): Promise<void> {
  const fields = decodeFields(body);
  const listen = withPort(stringField(fields, 'listen', listener.listen));
  const change = {
    upstream: stringField(fields, 'upstream', listener.upstream),
    enabled: booleanField(fields, 'enabled', listener.enabled),
  };
  const address = await resolveListen(listen);
  if (address.problem !== undefined) throw new ApiError(500, address.problem);
  const { enabled } = listener;
  try {
    await registry.update(listener, { ...change, listen: isSameAddress(address, listener.listen) ? listener.listen : listen });
  } catch (error) {
    throw new ApiError(500, inGosWords((error as Error).message));
  } finally {
    if (enabled && !listener.enabled) tellEnded(listener);
    if (!enabled && listener.enabled) tellStarted(listener);
  }
}

/** Heals and starts every proxy; one that cannot start keeps none of the others from it. */
async function reset(registry: Registry): Promise<Answer> {
  const failures = await Promise.all(registry.all().map(({ name }) => registry.exclusively(name, () => resetOne(registry, name))));
  const told = failures.filter((failure) => failure !== undefined);
  if (told.length > 0) throw new ApiError(500, told.join('; '));
  return NO_CONTENT;
}

/** Answers why the proxy could not be started, or undefined. */
async function resetOne(registry: Registry, name: string): Promise<string | undefined> {
  const listener = registry.get(name);
  if (listener === undefined) return undefined;
  const { enabled } = listener;
  await listener.heal();
  try {
    await listener.start();
  } catch (error) {
    return `${inGosWords((error as Error).message)} (proxy ${name})`;
  }
  if (!enabled) tellStarted(listener);
  return undefined;
}

function tellToxic(message: string, listener: Listener, { name, type, stream, toxicity, attributes }: Toxic): void {
  tell('info', message, { proxy: listener.name, toxic: name, type, stream, toxicity, attributes });
}
