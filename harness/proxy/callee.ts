import type { Duration } from '../model/time.ts';
import type { HttpAction, HttpTarget } from '../run/proxy/contract.ts';
import { proxyNameOfEdge } from '../model/edge-name.ts';
import type { Control } from './control.ts';
import type { Exchange, Exchanges } from './exchanges.ts';
import { activeFault, activeHold, touchedBy, type ActiveFault, type ActiveHold } from './fault.ts';
import type { ToxicAttributes, ToxicName } from './toxic-attributes.ts';
import type { Upstream } from './upstream.ts';

export interface ToxicOptions {
  /** @default 'downstream': from the callee to the caller */
  readonly stream?: 'upstream' | 'downstream';
  /** Share of the connections that it hits, by a seeded die for each. @default 1 */
  readonly toxicity?: number;
  /** @default the toxic's type and an ordinal */
  readonly name?: string;
}

export interface InjectOptions {
  /** @default the action's kind and an ordinal */
  readonly name?: string;
  /** Fixes the places of a share, the amount of a jitter. @default the proxy's */
  readonly seed?: number;
}

/** A callee that is called through the proxy. Disposing it closes its port. */
export interface ProxiedCallee extends AsyncDisposable {
  readonly name: string;
  /** What the caller is to use in the callee's place: the upstream's address as it was given, with the proxy's host and port in it. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** What the tap has seen so far, by end. A call is there some 20 ms after it ended. */
  readonly exchanges: readonly Exchange[];
  /**
   * The oldest exchange that fits and that no earlier call has answered; waits for it.
   *
   * @throws {HarnessError} if none comes within the deadline (5 s by default)
   */
  nextExchange(fits?: (exchange: Exchange) => boolean, options?: { readonly deadline?: Duration }): Promise<Exchange>;
  /**
   * Puts one of Toxiproxy's toxics in force, on open connections as well.
   *
   * @throws {HarnessError} naming the attribute that is wrong
   */
  toxic<T extends ToxicName>(type: T, attributes?: ToxicAttributes[T], options?: ToxicOptions): Promise<ActiveFault>;
  /** Closes the port and ends every connection; disposing opens it again, on the same port. */
  down(): Promise<AsyncDisposable>;
  /** Leads new connections to another address. */
  retarget(upstream: string): Promise<void>;
}

/** A callee that speaks HTTP/1.1: its exchanges can be chosen and acted on one by one. */
export interface ProxiedHttp extends ProxiedCallee {
  /**
   * Acts on the exchanges that the target chooses, all of them by default.
   *
   * @throws {HarnessError} naming the field that is wrong
   */
  inject<A extends HttpAction>(
    action: A,
    target?: HttpTarget,
    options?: InjectOptions,
  ): Promise<A extends { readonly kind: 'hold' } ? ActiveHold : ActiveFault>;
}

export interface CalleeParts {
  readonly control: Control;
  readonly name: string;
  readonly seed: number;
  readonly upstream: Upstream;
  readonly host: string;
  readonly port: number;
  readonly exchanges: Exchanges;
  /** Names of the faults in force on any callee of this proxy. */
  readonly names: Set<string>;
  readUpstream(upstream: string): Upstream;
  onClosed(): void;
}

/** The handle of one proxied callee, HTTP or TCP: what a TCP one cannot do, its type leaves out. */
export function proxiedCallee(parts: CalleeParts): ProxiedHttp {
  const { control, name, host, port, exchanges } = parts;
  const proxyPath = `/proxies/${encodeURIComponent(proxyNameOfEdge(name))}`;
  const edgePath = `/halfopen/edges/${encodeURIComponent(name)}`;
  const setEnabled = async (enabled: boolean): Promise<void> => {
    await control.ask({
      what: `take ${name} ${enabled ? 'up' : 'down'}`,
      method: 'PATCH',
      path: proxyPath,
      body: { enabled },
      isUndo: enabled,
    });
  };
  return {
    name,
    host,
    port,
    url: parts.upstream.urlAt(host, port),
    get exchanges() {
      return exchanges.list;
    },
    nextExchange: (fits = () => true, options = {}) => exchanges.next(fits, options.deadline),
    async toxic(type, attributes, options = {}) {
      const { stream = 'downstream', toxicity = 1 } = options;
      return withNewName({ parts, wanted: options.name, kind: type }, async (toxic) => {
        const before = await touchedBy(control, toxic);
        const path = `${proxyPath}/toxics`;
        const body = { name: toxic, type, stream, toxicity, attributes: attributes ?? {} };
        await control.ask({ what: `add the toxic '${toxic}' to ${name}`, method: 'POST', path, body });
        return activeFault(
          { control, name: toxic, path: `${path}/${encodeURIComponent(toxic)}`, onWithdrawn: () => parts.names.delete(toxic) },
          before,
        );
      });
    },
    async inject(action, target = {}, options = {}) {
      return withNewName({ parts, wanted: options.name, kind: action.kind }, async (rule) => {
        const before = await touchedBy(control, rule);
        const path = `${edgePath}/rules`;
        const body = { name: rule, action, target, seed: options.seed ?? parts.seed };
        await control.ask({ what: `inject '${rule}' on ${name}`, method: 'POST', path, body });
        const spec = { control, name: rule, path: `${path}/${encodeURIComponent(rule)}`, onWithdrawn: () => parts.names.delete(rule) };
        // A fault that holds nothing has nothing to release; the type says which of the two it is.
        return (action.kind === 'hold' ? activeHold(spec, before) : activeFault(spec, before)) as ActiveHold;
      });
    },
    async down() {
      await setEnabled(false);
      return { [Symbol.asyncDispose]: () => setEnabled(true) };
    },
    async retarget(upstream) {
      const { address } = parts.readUpstream(upstream);
      await control.ask({ what: `lead ${name} elsewhere`, method: 'PATCH', path: edgePath, body: { upstream: address } });
    },
    async [Symbol.asyncDispose]() {
      await control.ask({ what: `close ${name}`, method: 'DELETE', path: proxyPath, isUndo: true });
      parts.onClosed();
    },
  };
}

/** Runs `act` with a name that no fault in force has, and keeps the name if it succeeds. */
async function withNewName<R>(
  { parts, wanted, kind }: { readonly parts: CalleeParts; readonly wanted: string | undefined; readonly kind: string },
  act: (name: string) => Promise<R>,
): Promise<R> {
  const { names } = parts;
  let name = wanted ?? `${parts.name}:${kind}`;
  if (wanted !== undefined && names.has(wanted))
    throw new TypeError(`Cannot put a fault in force as 'name' must be one that none in force has: current value is '${wanted}'`);
  for (let ordinal = 2; names.has(name); ordinal++) name = `${parts.name}:${kind}-${ordinal}`;
  names.add(name);
  try {
    return await act(name);
  } catch (error) {
    names.delete(name);
    throw error;
  }
}
