import { HarnessError } from '../../model/problem.ts';
import { monotonicUs } from '../clock.ts';
import { isForToxiproxy, markNames, marksOf } from './chain-toxics.ts';
import {
  faultOfToxic,
  type ChainedProxies,
  type ChainOptions,
  type HeldCall,
  type RealToxiproxy,
  type ReleaseRequest,
  type RuleSpec,
  type ToxicSpec,
} from './contract.ts';
import { proxyNameOfEdge } from '../../model/edge-name.ts';
import { FrozenProxyError } from './frozen-proxy.ts';
import { orAborted } from './or-aborted.ts';

/** How long putting another Toxiproxy in place may take, in milliseconds. */
const RECREATE_MS = 30_000;

/**
 * Makes one proxy of two: each edge leads from its caller through the relay (taps, HTTP rules, toxics of ours) and through a Toxiproxy
 * (the toxics that it knows) to its callee. A toxic on the Toxiproxy is told by marks on the relay, which are in force only while
 * the toxic was read back to be: it counts what it touches, as on our own proxy.
 *
 * A Toxiproxy that leaves a call unanswered is replaced, and the call fails with `FrozenProxyError`.
 */
export function chainProxies(options: ChainOptions): ChainedProxies {
  return new Chain(options);
}

class Chain implements ChainedProxies {
  readonly #options: ChainOptions;
  readonly #closing = new AbortController();
  /** What each fault had touched when it was first heard of here: an earlier run may have had one of that name. */
  readonly #before = new Map<string, Promise<number>>();
  /** Marks on the relay, by edge. */
  readonly #marks = new Map<string, Set<string>>();
  /** Grows with each replacement, as soon as that begins. */
  #generation = 0;
  /** Rejects when there is no Toxiproxy any more. */
  #recreation: Promise<void> = Promise.resolve();
  #isReplacing = false;

  constructor(options: ChainOptions) {
    this.#options = options;
  }

  async addToxic(edge: string, toxic: ToxicSpec, signal: AbortSignal): Promise<void> {
    const { relay } = this.#options;
    await this.#touchedBefore(faultOfToxic(toxic.name), signal);
    if (!isForToxiproxy(toxic)) return relay.addToxic(edge, toxic, signal);
    await this.#onToxiproxy((real) => real.addToxic(proxyNameOfEdge(edge), toxic, signal), signal);
    const generation = this.#generation;
    const marks = this.#marks.get(edge) ?? new Set();
    this.#marks.set(edge, marks);
    for (const mark of marksOf(toxic)) {
      marks.add(mark.name);
      await relay.addToxic(edge, mark, signal);
    }
    if (generation === this.#generation) return;
    await this.#removeMarks(edge, markNames(toxic.name), signal);
    throw new FrozenProxyError(`Cannot keep toxic '${toxic.name}' on ${edge}: the Toxiproxy was replaced, since it was frozen`);
  }

  /** The mark goes first: what it tells was surely under the toxic. A Toxiproxy that is being replaced takes its toxics along. */
  async removeToxic(edge: string, name: string, signal: AbortSignal): Promise<void> {
    const { relay } = this.#options;
    const isThere = !this.#isReplacing;
    const [marks] = await Promise.allSettled([this.#removeMarks(edge, markNames(name), signal)]);
    const removals = await Promise.allSettled([
      relay.removeToxic(edge, name, signal),
      isThere ? this.#onToxiproxy((real) => real.removeToxic(proxyNameOfEdge(edge), name, signal), signal) : undefined,
    ]);
    const failed = [marks, ...removals].find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  async addRule(edge: string, rule: RuleSpec, signal: AbortSignal): Promise<void> {
    await this.#touchedBefore(rule.name, signal);
    await this.#options.relay.addRule(edge, rule, signal);
  }

  removeRule(edge: string, name: string, signal: AbortSignal): Promise<void> {
    return this.#options.relay.removeRule(edge, name, signal);
  }

  held(edge: string, rule: string, signal: AbortSignal): Promise<readonly HeldCall[]> {
    return this.#options.relay.held(edge, rule, signal);
  }

  release(edge: string, rule: string, request: ReleaseRequest, signal: AbortSignal): Promise<number> {
    return this.#options.relay.release(edge, rule, request, signal);
  }

  async touched(fault: string, signal: AbortSignal): Promise<number> {
    const before = await this.#touchedBefore(fault, signal);
    return (await this.#options.relay.touched(fault, signal)) - before;
  }

  clock(signal: AbortSignal): ReturnType<ChainedProxies['clock']> {
    return this.#options.relay.clock(signal);
  }

  async flush(signal: AbortSignal): Promise<{ readonly lost: number }> {
    // A run without a Toxiproxy has to say so, though nothing asks for one any more.
    if (!this.#isReplacing) await this.#recreation;
    return this.#options.relay.flush(signal);
  }

  async reset(signal: AbortSignal): Promise<string> {
    const { relay } = this.#options;
    // No connection is left when the toxics go: none of them can be cut, or freeze the server.
    const { proxies, connectionsCut } = await relay.reset(signal);
    const reset = (): Promise<number> => this.#onToxiproxy((real) => real.reset(signal), signal);
    const behind = await reset().catch((error: unknown) => {
      if (error instanceof FrozenProxyError) return reset();
      throw error;
    });
    this.#marks.clear();
    this.#before.clear();
    const { version } = this.#options.toxiproxy();
    return (
      `relay: ${proxies} proxies, 0 toxics, 0 rules, 0 connections (${connectionsCut} were cut); ` +
      `Toxiproxy ${version}: ${behind} proxies, enabled, 0 toxics`
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new HarnessError('Cannot go on replacing the Toxiproxy: the environment is taken down'));
    await Promise.allSettled([this.#recreation]);
    await this.#options.relay[Symbol.asyncDispose]();
  }

  #touchedBefore(fault: string, signal: AbortSignal): Promise<number> {
    const known = this.#before.get(fault);
    if (known !== undefined) return known;
    const asked = this.#options.relay.touched(fault, signal);
    this.#before.set(fault, asked);
    asked.catch(() => this.#before.delete(fault));
    return asked;
  }

  /** A call to the Toxiproxy that stands now. One that freezes it has it replaced; what else was under way there meanwhile fails with it. */
  async #onToxiproxy<T>(act: (real: RealToxiproxy) => Promise<T>, signal: AbortSignal): Promise<T> {
    await orAborted(this.#recreation, signal);
    const generation = this.#generation;
    try {
      return await act(this.#options.toxiproxy());
    } catch (error) {
      if (signal.aborted && error === signal.reason) throw error;
      const isReplaced = generation !== this.#generation;
      if (error instanceof FrozenProxyError && !isReplaced) this.#recreate(error.message);
      if (error instanceof FrozenProxyError || !isReplaced) throw error;
      throw new FrozenProxyError(`${(error as Error).message}; it was just being replaced, since it was frozen`, { cause: error });
    }
  }

  /** Goes on behind its caller, whose own deadline is short; whatever needs the Toxiproxy next waits for it. */
  #recreate(reason: string): void {
    this.#generation++;
    this.#isReplacing = true;
    const startedUs = monotonicUs();
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(RECREATE_MS)]);
    const replace = async (): Promise<void> => {
      // The toxics that they tell of are gone. A relay that fails here fails again when the faults are withdrawn, which is told then.
      await Promise.allSettled([...this.#marks].map(([edge, names]) => this.#removeMarks(edge, [...names], signal)));
      await this.#options.recreate(signal);
      this.#options.onRecreated(`${reason}; another one took its place within ${Math.round((monotonicUs() - startedUs) / 1000)} ms`);
    };
    this.#recreation = replace()
      .catch((cause: unknown) => {
        throw new HarnessError(`Cannot put another Toxiproxy in the place of a frozen one: ${(cause as Error).message}`, { cause });
      })
      .finally(() => {
        this.#isReplacing = false;
      });
    this.#recreation.catch(() => undefined);
  }

  async #removeMarks(edge: string, names: readonly string[], signal: AbortSignal): Promise<void> {
    const { relay } = this.#options;
    await Promise.all(names.map((name) => relay.removeToxic(edge, name, signal)));
    for (const name of names) this.#marks.get(edge)?.delete(name);
  }
}
