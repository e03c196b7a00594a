import { Toxic, Toxiproxy, type ToxicAttributeTypes, type ToxicType } from 'toxiproxy-node-client';
import { HarnessError } from '../../model/problem.ts';
import { monotonicUs } from '../clock.ts';
import type { EdgeSpec, HeldCall, ProxyProcess, RuleSpec, TapRecord, ToxicSpec } from './contract.ts';
import { proxyNameOfEdge } from '../../model/edge-name.ts';
import { readTaps, type ProxyHealth } from './tap-client.ts';

/** How long the proxy may take to answer, in milliseconds. */
const ANSWER_MS = 2000;
const CLOCK_SAMPLES = 7;

export interface ProxyConnection {
  readonly controlUrl: string;
  readonly signal: AbortSignal;
  onTap(records: readonly TapRecord[]): void;
  /** So many more records did not fit into the proxy's buffer. */
  onLost(count: number): void;
  /** Once a second. */
  onHealth?(health: ProxyHealth): void;
}

/**
 * Connects to a running proxy. Disposing it ends the stream of taps; the process is its owner's to stop.
 *
 * @throws {HarnessError} if the proxy does not answer within 2 s
 */
export async function connectProxy(connection: ProxyConnection): Promise<ProxyProcess> {
  const { controlUrl } = connection;
  const toxiproxy = new Toxiproxy(controlUrl);
  const taps = await readTaps(connection, ANSWER_MS);
  const call: Call = (method, path, body, signal) => request({ url: `${controlUrl}${path}`, method, body, signal });
  const edgePath = (edge: string): string => `/halfopen/edges/${encodeURIComponent(edge)}`;
  const rulePath = (edge: string, rule: string): string => `${edgePath(edge)}/rules/${encodeURIComponent(rule)}`;
  return {
    controlUrl,
    async open(edge: EdgeSpec, signal) {
      const { host, port } = (await call('POST', '/halfopen/edges', edge, signal)) as { host: string; port: number };
      return { host, port };
    },
    async retarget(edge, upstream, signal) {
      await call('PATCH', edgePath(edge), { upstream }, signal);
    },
    reset: (signal) => resetAll(controlUrl, call, signal),
    async addToxic(edge, toxic, signal) {
      await withDeadline(`add toxic '${toxic.name}' to ${edge}`, signal, async () => {
        const proxy = await toxiproxy.get(proxyNameOfEdge(edge));
        await proxy.addToxic(toxicBody(toxic, toxic.name));
      });
    },
    async removeToxic(edge, name, signal) {
      // The client puts names into paths as they are.
      const spec: ToxicSpec = { name, type: 'noop', stream: 'upstream', attributes: {} };
      const path = `${controlUrl}/proxies/${proxyNameOfEdge(edge)}`;
      const toxic = new Toxic(toxiproxy.getApi(), path, toxicBody(spec, encodeURIComponent(name)));
      await withDeadline(`remove toxic '${name}' from ${edge}`, signal, () => toxic.remove().catch(ignoreAbsent));
    },
    async addRule(edge, rule: RuleSpec, signal) {
      await call('POST', `${edgePath(edge)}/rules`, rule, signal);
    },
    async removeRule(edge, name, signal) {
      await call('DELETE', rulePath(edge, name), undefined, signal);
    },
    async held(edge, rule, signal) {
      return (await call('GET', `${rulePath(edge, rule)}/held`, undefined, signal)) as HeldCall[];
    },
    async release(edge, rule, request, signal) {
      return ((await call('POST', `${rulePath(edge, rule)}/release`, request, signal)) as { released: number }).released;
    },
    async touched(fault, signal) {
      const counts = (await call('GET', '/halfopen/touched', undefined, signal)) as Readonly<Record<string, number>>;
      return counts[fault] ?? 0;
    },
    async clock(signal) {
      let best = { offsetUs: 0, uncertaintyUs: Infinity };
      for (let sample = 0; sample < CLOCK_SAMPLES; sample++) {
        const askedUs = monotonicUs();
        const answer = (await call('GET', '/halfopen/clock', undefined, signal)) as { monotonicUs: number };
        const uncertaintyUs = (monotonicUs() - askedUs) / 2;
        if (uncertaintyUs < best.uncertaintyUs)
          best = { offsetUs: Math.round(answer.monotonicUs - askedUs - uncertaintyUs), uncertaintyUs: Math.ceil(uncertaintyUs) };
      }
      return best;
    },
    async flush(signal) {
      const { flushed, lost } = (await call('POST', '/halfopen/flush', undefined, signal)) as { flushed: number; lost: number };
      await withDeadline('deliver the last records', signal, () => taps.flushed(flushed));
      return { lost };
    },
    [Symbol.asyncDispose]: () => taps.close(),
  };
}

type Call = (method: string, path: string, body: unknown, signal: AbortSignal) => Promise<unknown>;

/** What of `/halfopen/state` a reset reads. */
interface ProxyState {
  readonly name: string;
  readonly enabled: boolean;
  readonly counters: { readonly open: number };
  readonly faults: readonly unknown[];
}

/** Disabled between, so that what was read back to be cut is not what a caller has opened since. */
async function resetAll(controlUrl: string, call: Call, signal: AbortSignal): ReturnType<ProxyProcess['reset']> {
  const state = async (): Promise<readonly ProxyState[]> =>
    ((await call('GET', '/halfopen/state', undefined, signal)) as { readonly proxies: readonly ProxyState[] }).proxies;
  const demand = (isRight: boolean, what: string): void => {
    if (!isRight) throw new HarnessError(`Cannot reset the proxy at ${controlUrl}: ${what}`);
  };
  const before = await state();
  const setAll = (enabled: boolean): Promise<unknown> =>
    Promise.all(before.map(({ name }) => call('POST', `/proxies/${encodeURIComponent(name)}`, { enabled }, signal)));
  await call('POST', '/reset', undefined, signal);
  await setAll(false);
  const deadlineUs = monotonicUs() + ANSWER_MS * 1000;
  // A connection counts until both of its sockets have told that they are closed.
  while (openIn(await state()) > 0) demand(monotonicUs() < deadlineUs, `connections are still open after ${ANSWER_MS} ms`);
  await setAll(true);
  const wrong = (await state()).filter(({ enabled, faults }) => !enabled || faults.length > 0).map(({ name }) => name);
  demand(wrong.length === 0, `${wrong.join(', ')} still has faults or is disabled`);
  return { proxies: before.length, connectionsCut: openIn(before) };
}

function openIn(proxies: readonly ProxyState[]): number {
  return proxies.reduce((sum, { counters }) => sum + counters.open, 0);
}

function toxicBody(
  toxic: ToxicSpec,
  name: string,
): { name: string; stream: 'upstream' | 'downstream'; type: ToxicType; toxicity: number; attributes: ToxicAttributeTypes } {
  // The client's types list neither noop nor the shape that all attributes share.
  const { type, attributes } = toxic as unknown as { type: ToxicType; attributes: ToxicAttributeTypes };
  return { name, stream: toxic.stream, type, toxicity: toxic.toxicity ?? 1, attributes };
}

/** What is not there needs no removal. */
function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Error) || !error.message.endsWith('status code 404')) throw error;
}

async function withDeadline<T>(what: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(deadline.reason as Error);
  deadline.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([act(), ended]);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HarnessError) throw error;
    throw new HarnessError(
      `Cannot ${what}: the proxy ${deadline.aborted ? `did not answer within ${ANSWER_MS} ms` : `answered: ${(error as Error).message}`}`,
      { cause: error },
    );
  } finally {
    deadline.removeEventListener('abort', onAbort);
  }
}

async function request({
  url,
  method,
  body,
  signal,
}: {
  readonly url: string;
  readonly method: string;
  readonly body: unknown;
  readonly signal: AbortSignal;
}): Promise<unknown> {
  return withDeadline(`${method} ${url}`, signal, async () => {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.ok) return text === '' ? undefined : (JSON.parse(text) as unknown);
    if (method === 'DELETE' && response.status === 404) return undefined;
    throw new Error(`${response.status} ${text.trim()}`);
  });
}
