import { monotonicUs } from '../../clock.ts';
import { faultOfToxic } from '../contract.ts';
import { touchesOf, type ProxyCounters } from '../counters.ts';
import { faultsOf, leftMs, type Fault, type Leases } from '../lease.ts';
import type { Listener } from '../listener.ts';
import type { Registry } from '../registry.ts';
import type { TapLog } from '../tap/tap-log.ts';
import { leasesJson } from './leases.ts';
import { json } from './reply.ts';
import { ruleJson } from './rules.ts';
import type { Route } from './router.ts';
import { toxicJson } from './toxic-body.ts';

/** What is in force, since when, and what it has touched. Its shape is `State` in the API's document. */
export function stateRoutes(registry: Registry, leases: Leases, version: string): Route[] {
  const startedUs = monotonicUs();
  return [
    {
      methods: ['GET'],
      path: '/halfopen/state',
      handle: async () => {
        const proxies = await Promise.all(registry.all().map(async (listener) => ({ listener, counters: await listener.counters() })));
        const nowUs = monotonicUs();
        const { seed, pool } = registry;
        return json(200, {
          server: {
            version,
            node: process.versions.node,
            pid: process.pid,
            seed,
            workers: pool.count,
            workersReady: pool.workers.length,
            workersLost: pool.lost,
            startedUs,
            nowUs,
            uptimeMs: (nowUs - startedUs) / 1000,
          },
          proxies: proxies.map(({ listener, counters }) => proxyState(listener, counters, nowUs)),
          leases: leasesJson(leases, nowUs),
          withdrawals: { expired: leases.expired, pending: leases.pending, failures: leases.failures, last: leases.expiries },
          tap: tapState(registry.log),
        });
      },
    },
  ];
}

function proxyState(listener: Listener, counters: ProxyCounters, nowUs: number): unknown {
  const { name, listen, upstream, enabled, traits } = listener;
  const { touched: _, ...counts } = counters;
  return {
    name,
    listen,
    upstream,
    enabled,
    edge: traits.edge,
    protocol: traits.protocol,
    tap: traits.isTapped,
    counters: counts,
    faults: faultsOf(listener).map((fault) =>
      faultState(listener, fault, { touched: touchesOf(counters, faultOfToxic(fault.name)), nowUs }),
    ),
  };
}

function faultState(
  listener: Listener,
  { name, form, kind, owner, sinceUs, ttlMs, untilUs }: Fault,
  { touched, nowUs }: { readonly touched: number; readonly nowUs: number },
): unknown {
  const toxic = form === 'toxic' ? listener.find(name) : undefined;
  const rule = form === 'rule' ? listener.rules.get(name) : undefined;
  return {
    name,
    form,
    kind,
    owner,
    sinceUs,
    ageMs: (nowUs - sinceUs) / 1000,
    ttlMs,
    ttlLeftMs: untilUs === null ? null : leftMs({ untilUs }, nowUs),
    touched,
    ...(toxic === undefined ? {} : { toxic: toxicJson(toxic) }),
    ...(rule === undefined ? {} : { rule: ruleJson(rule) }),
  };
}

function tapState({ hasReader, recorded, waiting, waitingBytes, lost }: TapLog): unknown {
  return { hasReader, recorded, waiting, waitingBytes, lost };
}
