import { LIMITS } from '../../../model/limits.ts';
import { HarnessError } from '../../../model/problem.ts';
import type { Entry, Ledger } from '../../ledger/contract.ts';
import type { RealToxiproxy, RunningProxy, ToxicSpec } from '../../proxy/contract.ts';
import { toxicName } from './foreign-proxies.ts';

export interface OwnToxicsOptions {
  readonly toxiproxy: Pick<RealToxiproxy, 'addToxic' | 'removeToxic' | 'controlUrl'>;
  /** Edge → name of its proxy. */
  readonly proxies: Readonly<Record<string, string>>;
  readonly runId: string;
  readonly ledger: Ledger;
}

/**
 * The proxies of a Toxiproxy that somebody else runs, as far as a run may touch them: it adds toxics under names of its own, each written
 * down before it is made, and removes these and no other. Disposing it removes what is still in force.
 */
export function ownToxics({ toxiproxy, proxies, runId, ledger }: OwnToxicsOptions): RunningProxy {
  const inForce = new Map<string, Extract<Entry, { kind: 'toxic' }>>();
  const entryOf = (edge: string, name: string): Extract<Entry, { kind: 'toxic' }> => {
    const proxy = proxies[edge];
    if (proxy === undefined) {
      throw new RangeError(`Cannot act on an edge as 'edge' must be one of ${Object.keys(proxies).join(', ')}: current value is '${edge}'`);
    }
    return { kind: 'toxic', controlUrl: toxiproxy.controlUrl, proxy, toxic: toxicName(runId, name) };
  };
  const keyOf = ({ proxy, toxic }: Extract<Entry, { kind: 'toxic' }>): string => JSON.stringify([proxy, toxic]);
  const remove = async (entry: Extract<Entry, { kind: 'toxic' }>, signal: AbortSignal): Promise<void> => {
    await toxiproxy.removeToxic(entry.proxy, entry.toxic, signal);
    inForce.delete(keyOf(entry));
    ledger.strike(entry);
  };
  return {
    async addToxic(edge, toxic: ToxicSpec, signal) {
      const entry = entryOf(edge, toxic.name);
      inForce.set(keyOf(entry), entry);
      ledger.note(entry);
      await toxiproxy.addToxic(entry.proxy, { ...toxic, name: entry.toxic }, signal);
    },
    async removeToxic(edge, name, signal) {
      await remove(entryOf(edge, name), signal);
    },
    addRule: (edge) => Promise.reject(lacking(`act on the calls of ${edge}`)),
    removeRule: async () => undefined,
    held: (edge) => Promise.reject(lacking(`hold the calls of ${edge}`)),
    release: (edge) => Promise.reject(lacking(`release the calls of ${edge}`)),
    touched: (fault) => Promise.reject(lacking(`count what '${fault}' touched`)),
    clock: () => Promise.reject(lacking('read its clock')),
    // It records nothing, so there is nothing that it could still hold.
    flush: async () => ({ lost: 0 }),
    async [Symbol.asyncDispose]() {
      const failures: string[] = [];
      for (const entry of inForce.values()) {
        await remove(entry, AbortSignal.timeout(LIMITS.withdrawMs)).catch((error: Error) => failures.push(error.message));
      }
      if (failures.length > 0) throw new HarnessError(`Cannot take every toxic back: ${failures.join('; ')} (way out: halfopen clean)`);
    },
  };
}

function lacking(what: string): HarnessError {
  return new HarnessError(`Cannot ${what}: a Toxiproxy carries bytes and knows of no calls`);
}
