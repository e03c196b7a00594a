import { Proxy, Toxic, Toxiproxy, type ToxicAttributeTypes, type ToxicType } from 'toxiproxy-node-client';
import { HarnessError } from '../../model/problem.ts';
import { problemOnToxiproxy } from './chain-toxics.ts';
import type { RealToxiproxy, ToxicSpec, ToxiproxySpec } from './contract.ts';
import { FrozenProxyError } from './frozen-proxy.ts';
import { orAborted } from './or-aborted.ts';
import { Turns } from './turns.ts';

/** How long one call may take, in milliseconds: a server that is frozen answers 503 only after 25 s, or never. */
const ANSWER_MS = 2000;
/** The release since which the API is as it is now. */
const OLDEST = [2, 6] as const;

/** A proxy as the server's API shows it. */
interface Shown extends ToxiproxySpec {
  readonly enabled: boolean;
  readonly toxics: readonly ToxicSpec[];
}

/**
 * Connects to a Toxiproxy by its HTTP API: the real one, or any that behaves as it does.
 *
 * @throws {HarnessError} if none of release 2.6 or later answers there
 * @throws {FrozenProxyError} if nothing answers within `deadlineMs`
 */
export async function connectToxiproxy(options: {
  readonly controlUrl: string;
  /** For each call, in milliseconds. @default 2000 */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}): Promise<RealToxiproxy> {
  const { controlUrl, deadlineMs = ANSWER_MS, signal = new AbortController().signal } = options;
  const server = new Server(controlUrl.replace(/\/+$/, ''), deadlineMs);
  await server.learnVersion(signal);
  return server;
}

class Server implements RealToxiproxy {
  readonly controlUrl: string;
  version = '';
  readonly #deadlineMs: number;
  readonly #client: Toxiproxy;
  /** One call at a time on each proxy: a removal must not overtake the toxic that an aborted call is still adding. */
  readonly #turns = new Map<string, Turns>();

  constructor(controlUrl: string, deadlineMs: number) {
    this.controlUrl = controlUrl;
    this.#deadlineMs = deadlineMs;
    this.#client = new Toxiproxy(controlUrl);
  }

  async learnVersion(signal: AbortSignal): Promise<void> {
    const text = await orAborted(
      this.#ask('ask for its version', () => this.#client.getVersion()),
      signal,
    );
    const version = versionIn(text);
    if (version === undefined)
      throw new HarnessError(
        `Cannot use the Toxiproxy at ${this.controlUrl}: what answers there is none (its version is ${text.slice(0, 100)})`,
      );
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
      throw new HarnessError(
        `Cannot use the Toxiproxy at ${this.controlUrl} as 'version' must be at least ${OLDEST.join('.')}: current value is ${version}`,
      );
    this.version = version;
  }

  async ensure(proxies: readonly ToxiproxySpec[], signal: AbortSignal): Promise<void> {
    // The client does not survive the answer to an empty list.
    if (proxies.length === 0) return;
    const wanted = proxies.map(({ name, listen, upstream }) => ({ name, listen, upstream, enabled: true }));
    const names = proxies.map(({ name }) => name).join(', ');
    await orAborted(
      this.#ask(`make the proxies ${names}`, () => this.#client.populate(wanted)),
      signal,
    );
    const found = new Map((await this.proxies(signal)).map((proxy) => [proxy.name, proxy]));
    const wrong = proxies.filter(({ name, upstream }) => found.get(name)?.upstream !== upstream || found.get(name)?.isEnabled !== true);
    if (wrong.length > 0)
      throw new HarnessError(
        `Cannot make the proxies ${wrong.map(({ name }) => name).join(', ')}: they were not read back from ${this.controlUrl}`,
      );
  }

  async proxies(signal: AbortSignal): ReturnType<RealToxiproxy['proxies']> {
    const shown = await this.#list(signal);
    return shown.map(({ name, listen, upstream, enabled, toxics }) => ({
      name,
      listen,
      upstream,
      isEnabled: enabled,
      toxics: toxics.map((toxic) => toxic.name),
    }));
  }

  async addToxic(proxy: string, toxic: ToxicSpec, signal: AbortSignal): Promise<void> {
    const problem = problemOnToxiproxy(toxic);
    if (problem !== undefined) throw new RangeError(`Cannot add toxic '${toxic.name}' as ${problem}`);
    const what = `add toxic '${toxic.name}' to proxy '${proxy}'`;
    await this.#inTurn(proxy, signal, async () => {
      await this.#ask(what, () => this.#proxy(proxy).addToxic(bodyOf(toxic)));
      const found = await this.#ask(`${what} (reading it back)`, () => this.#proxy(proxy).getToxic(encodeURIComponent(toxic.name)));
      if (!isSame(toxic, found.toJson() as unknown as ToxicSpec))
        throw new HarnessError(`Cannot ${what}: what was read back differs: ${JSON.stringify(found.toJson())}`);
    });
  }

  async removeToxic(proxy: string, name: string, signal: AbortSignal): Promise<void> {
    await this.#inTurn(proxy, signal, () => this.#removeToxic(proxy, name));
  }

  async removeProxy(proxy: string, signal: AbortSignal): Promise<void> {
    await this.#inTurn(proxy, signal, () => this.#ask(`remove proxy '${proxy}'`, () => this.#proxy(proxy).remove().catch(ignoreAbsent)));
  }

  /** One by one: the server's own reset stops at its first failure, and says nothing of the rest. */
  async reset(signal: AbortSignal): Promise<number> {
    const before = await this.#list(signal);
    await Promise.all(before.map((shown) => this.#inTurn(shown.name, signal, () => this.#resetProxy(shown))));
    const after = await this.#list(signal);
    const wrong = after.filter(({ enabled, toxics }) => !enabled || toxics.length > 0);
    if (wrong.length > 0)
      throw new HarnessError(
        `Cannot reset the Toxiproxy at ${this.controlUrl}: ${wrong.map(({ name }) => name).join(', ')} still has toxics or is disabled`,
      );
    return after.length;
  }

  async #resetProxy({ name, listen, upstream, enabled, toxics }: Shown): Promise<void> {
    for (const toxic of toxics) await this.#removeToxic(name, toxic.name);
    if (!enabled) await this.#ask(`enable proxy '${name}'`, () => this.#proxy(name).update({ listen, upstream, enabled: true }));
  }

  async #removeToxic(proxy: string, name: string): Promise<void> {
    const what = `remove toxic '${name}' from proxy '${proxy}'`;
    // The client puts names into paths as they are.
    const path = encodeURIComponent(name);
    await this.#ask(what, () =>
      new Toxic(this.#client.getApi(), this.#proxy(proxy).getPath(), bodyOf({ ...NOTHING, name: path })).remove().catch(ignoreAbsent),
    );
    const left = await this.#ask(`${what} (reading it back)`, () => this.#proxy(proxy).getToxic(path).catch(ignoreAbsent));
    if (left !== undefined) throw new HarnessError(`Cannot ${what}: it is still there`);
  }

  async #list(signal: AbortSignal): Promise<readonly Shown[]> {
    // The client's own list leaves the toxics out.
    const list = (): Promise<{ data: Readonly<Record<string, Shown>> }> => this.#client.getApi().get(`${this.controlUrl}/proxies`);
    const { data } = await orAborted(this.#ask('list the proxies', list), signal);
    return Object.values(data);
  }

  #proxy(name: string): Proxy {
    return new Proxy(this.#client, { name: encodeURIComponent(name), listen: '', upstream: '', enabled: true, toxics: [] });
  }

  #inTurn(proxy: string, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
    const turns = this.#turns.get(proxy) ?? new Turns();
    this.#turns.set(proxy, turns);
    return orAborted(
      turns.take(() => {
        signal.throwIfAborted();
        return act();
      }),
      signal,
    );
  }

  /** One call, within its deadline. */
  async #ask<T>(what: string, call: () => Promise<T>): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const where = `the Toxiproxy at ${this.controlUrl}`;
    const tooLate = (): void => reject(new FrozenProxyError(`Cannot ${what}: ${where} did not answer within ${this.#deadlineMs} ms`));
    const deadline = setTimeout(tooLate, this.#deadlineMs);
    try {
      return await Promise.race([call(), late]);
    } catch (error) {
      if (error instanceof HarnessError) throw error;
      throw new HarnessError(`Cannot ${what}: ${where} ${wordsOf(error as Error)}`, { cause: error });
    } finally {
      clearTimeout(deadline);
    }
  }
}

const NOTHING: ToxicSpec = { name: '', type: 'noop', stream: 'upstream', attributes: {} };

interface Body {
  readonly name: string;
  readonly stream: ToxicSpec['stream'];
  readonly type: ToxicType;
  readonly toxicity: number;
  readonly attributes: ToxicAttributeTypes;
}

function bodyOf(toxic: ToxicSpec): Body {
  // The client's types list neither noop nor the shape that all attributes share.
  const { type, attributes } = toxic as unknown as Pick<Body, 'type' | 'attributes'>;
  return { name: toxic.name, stream: toxic.stream, type, toxicity: toxic.toxicity ?? 1, attributes };
}

function isSame(wanted: ToxicSpec, found: ToxicSpec): boolean {
  return (
    found.name === wanted.name &&
    found.type === wanted.type &&
    found.stream === wanted.stream &&
    Math.fround(found.toxicity ?? 1) === Math.fround(wanted.toxicity ?? 1) &&
    Object.entries(wanted.attributes).every(([name, value]) => found.attributes[name] === value)
  );
}

function versionIn(text: string): string | undefined {
  try {
    const { version } = JSON.parse(text) as { readonly version?: unknown };
    return typeof version === 'string' && /^v?\d+\.\d+/.test(version) ? version.replace(/^v/, '') : undefined;
  } catch {
    return undefined;
  }
}

/** What is not there needs no removal. */
function ignoreAbsent(error: unknown): undefined {
  if (!(error instanceof Error) || !error.message.endsWith('status code 404')) throw error;
  return undefined;
}

/** The client tells no more than the status. */
function wordsOf({ message }: Error): string {
  const status = /status code (\d+)$/.exec(message)?.[1];
  if (status === undefined) return `cannot be reached: ${message}`;
  const meaning = {
    400: 'it does not like the request',
    404: 'it has no such proxy',
    409: 'there is one of that name',
    500: 'the address is taken or none',
  }[status];
  return `answered ${status}${meaning === undefined ? '' : ` (${meaning})`}`;
}
