import type { Listener, ProxyTraits } from '../listener.ts';
import { plainTraits, type ProxyRequest, type Registry } from '../registry.ts';
import { formatHostPort } from '../address.ts';
import type { WantedRule } from '../contract.ts';
import type { Toxic } from '../toxic.ts';
import { tell } from './events.ts';
import { booleanField, fieldsOf, listField, stringField, type Fields } from './fields.ts';
import { inGosWords, resolveListen, withPort } from './listen-error.ts';
import { demandAddressable } from './name.ts';
import { ApiError } from './reply.ts';
import { readRule } from './rule-body.ts';
import { readToxic, toxicJson } from './toxic-body.ts';

/** A proxy as the API shows it: what Toxiproxy does not know only where it is not Toxiproxy's default. */
export function proxyJson(listener: Listener): unknown {
  const { name, listen, upstream, enabled, toxics, traits } = listener;
  return {
    name,
    listen,
    upstream,
    enabled,
    toxics: toxics.map(toxicJson),
    ...(traits.protocol === 'http' ? { protocol: 'http' } : {}),
    ...(traits.isTapped ? { tap: true } : {}),
  };
}

/** What a request says of a proxy that it wants, checked as far as that can be without making it. */
export interface WantedProxy {
  readonly request: ProxyRequest;
  /** Those that the request names. */
  readonly traits: Partial<Pick<ProxyTraits, 'protocol' | 'isTapped'>>;
  readonly toxics: readonly Toxic[];
  readonly rules: readonly WantedRule[];
}

/**
 * Reads a proxy.
 *
 * @throws {ApiError} 400
 */
export function readProxy(fields: Fields): WantedProxy {
  const request: ProxyRequest = {
    name: stringField(fields, 'name', ''),
    listen: withPort(stringField(fields, 'listen', '')),
    upstream: stringField(fields, 'upstream', ''),
    enabled: booleanField(fields, 'enabled', true),
  };
  if (request.name === '') throw new ApiError(400, 'missing required field: name');
  demandAddressable(request.name);
  if (request.upstream === '') throw new ApiError(400, 'missing required field: upstream');
  const traits = readTraits(fields);
  if (listField(fields, 'rules').length > 0 && traits.protocol !== 'http')
    throw new ApiError(400, 'bad request body: rules must be on a proxy whose protocol is http');
  const rules = readEach(listField(fields, 'rules'), 'rule', readRule);
  return { request, traits, rules: distinct(rules), toxics: readToxics(fields) };
}

/**
 * Makes a proxy with its faults in force before its first connection. Whoever calls this holds the proxy's name.
 *
 * @throws {ApiError} 500 if its address cannot be had
 */
export async function makeProxy(registry: Registry, { request, traits, toxics, rules }: WantedProxy): Promise<Listener> {
  const listen = request.enabled ? await demandListen(request.listen) : request.listen;
  try {
    const listener = await registry.create({ ...request, listen }, { ...plainTraits(request.name), ...traits }, async (made) => {
      for (const toxic of toxics) await made.addToxic(toxic);
      for (const rule of rules) made.rules.add(rule);
    });
    if (listener.enabled) tellStarted(listener);
    return listener;
  } catch (error) {
    throw new ApiError(500, inGosWords((error as Error).message));
  }
}

/**
 * The address with its host looked up.
 *
 * @throws {ApiError} 500 if there is none
 */
export async function demandListen(listen: string): Promise<string> {
  const address = await resolveListen(listen);
  if (address.problem !== undefined) throw new ApiError(500, `listen tcp: ${address.problem}`);
  return formatHostPort(address);
}

export function tellStarted({ name, listen, upstream }: Listener): void {
  tell('info', 'Started proxy', { name, listen, upstream });
}

export function tellEnded({ name, listen, upstream }: Listener): void {
  tell('info', 'Terminated proxy', { name, listen, upstream });
}

function readTraits(fields: Fields): WantedProxy['traits'] {
  const protocol = stringField(fields, 'protocol', '');
  if (protocol !== '' && protocol !== 'http' && protocol !== 'tcp')
    throw new ApiError(400, `bad request body: protocol must be http or tcp: current value is ${protocol}`);
  const hasTap = (fields.get('tap') ?? null) !== null;
  return { ...(protocol === '' ? {} : { protocol }), ...(hasTap ? { isTapped: booleanField(fields, 'tap', false) } : {}) };
}

function readToxics(fields: Fields): readonly Toxic[] {
  const names = new Set<string>();
  return readEach(listField(fields, 'toxics'), 'toxic', (entry) => {
    const toxic = readToxic(fieldsOf(entry), (name) => names.has(name));
    names.add(toxic.name);
    return toxic;
  });
}

/**
 * Reads each entry of a list.
 *
 * @throws {ApiError} 400 saying which entry is wrong (` at proxy 2`)
 */
export function readEach<T>(entries: readonly unknown[], what: string, read: (entry: unknown) => T): readonly T[] {
  return entries.map((entry, index) => {
    try {
      return read(entry);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw new ApiError(400, `${error.message} at ${what} ${index + 1}`);
    }
  });
}

function distinct(rules: readonly WantedRule[]): readonly WantedRule[] {
  const again = rules.findIndex(({ name }, index) => rules.findIndex((other) => other.name === name) < index);
  if (again >= 0) throw new ApiError(400, `bad request body: name must be of one rule alone at rule ${again + 1}`);
  return rules;
}
