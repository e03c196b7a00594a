import type { Listener } from '../listener.ts';
import type { HostPort } from '../address.ts';
import type { Registry } from '../registry.ts';
import { decodeBody, fieldsOf } from './fields.ts';
import { isSameAddress, resolveListen } from './listen-error.ts';
import { makeProxy, proxyJson, readEach, readProxy, tellEnded, type WantedProxy } from './proxy-body.ts';
import { ApiError, goJson, type Answer } from './reply.ts';

/**
 * Makes every proxy of a list. One that is there and does not differ is left alone with its faults; another one is replaced. The first that
 * cannot be had ends it: those before it stay, and the error lists them.
 *
 * @throws {ApiError} 400 (nothing has been made then) or 500
 */
export async function populate(registry: Registry, body: string): Promise<Answer> {
  const listeners: Listener[] = [];
  const listed = (): unknown => listeners.map(proxyJson);
  try {
    const wanted = readList(body);
    for (const proxy of wanted) {
      listeners.push(await registry.exclusively(proxy.request.name, () => addOrReplace(registry, proxy)));
    }
    return goJson(201, { proxies: listed() });
  } catch (error) {
    const { status, message } = error instanceof ApiError ? error : new ApiError(500, (error as Error).message);
    throw new ApiError(status, message, { proxies: listeners.length === 0 ? null : listed() });
  }
}

function readList(body: string): readonly WantedProxy[] {
  const list = decodeBody(body) ?? [];
  if (!Array.isArray(list)) throw new ApiError(400, 'bad request body: it must be a list');
  return readEach(list, 'proxy', (entry) => readProxy(fieldsOf(entry)));
}

async function addOrReplace(registry: Registry, wanted: WantedProxy): Promise<Listener> {
  const existing = registry.get(wanted.request.name);
  if (existing === undefined) return makeProxy(registry, wanted);
  const address = await resolveListen(wanted.request.listen);
  if (address.problem !== undefined) throw new ApiError(500, address.problem);
  if (!differs(existing, wanted, address)) return existing;
  // As Toxiproxy does: where the new one cannot start, the old one stays, stopped.
  const { enabled } = existing;
  await existing.stop();
  if (enabled) tellEnded(existing);
  const made = await makeProxy(registry, wanted);
  await existing.end();
  return made;
}

function differs({ listen, upstream, traits }: Listener, { request, traits: named }: WantedProxy, address: HostPort): boolean {
  const { protocol = traits.protocol, isTapped = traits.isTapped } = named;
  const isSameCallee = request.upstream === upstream;
  return !isSameCallee || !isSameAddress(address, listen) || protocol !== traits.protocol || isTapped !== traits.isTapped;
}
