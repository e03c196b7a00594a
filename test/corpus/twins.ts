import type { Defect } from '../../fixtures/shop/defects.ts';

/** A planted defect and the expectation that must catch it. */
export interface Twin {
  /** Name of the scenario's file without `.chaos.ts`. */
  readonly scenario: string;
  readonly service: 'orders' | 'gateway' | 'payments' | 'shipping';
  readonly defect: Defect;
  readonly wrong: string;
  /** Where it can be run: what is wrong about a database, a cache or a broker shows only where there is one. */
  readonly environments: readonly ('embedded' | 'docker' | 'compose')[];
  /** What else the machine must have. @default nothing */
  readonly needs?: 'browser';
  /** Findings of which at least one must fail: names of checks, with what they are about. */
  readonly mustFail: readonly { readonly check: string; readonly subject: string }[];
}

export const TWINS: readonly Twin[] = [
  twin('payments-outage', 'orders', 'never-opens', 'threshold out of reach', 'opens orders.payments'),
  twin('payments-outage', 'orders', 'stuck-open', 'never tries again', 'recovery storm', 'closes orders.payments'),
  twin('payments-outage', 'orders', 'retry-outside-breaker', 'rejections are retried with backoff', 'failsFast quote'),
  twin('payments-outage', 'orders', 'no-backoff', 'retries at once', 'backoff orders->payments'),
  twin('payments-flaky', 'orders', 'opens-on-first', 'no minimum of calls', 'staysClosed orders.payments'),
  twin('payments-slow', 'orders', 'no-timeout', 'waits for ever', 'latencyWithin quote'),
  twin('payments-slow', 'orders', 'no-bulkhead', 'one pool for all callees', 'isolation stock'),
  twin('payments-slow', 'orders', 'retries-post', 'charge repeated without its key', 'atMostOnce charge'),
  twin('catalog-down', 'gateway', 'stale-unbounded', 'serves any age', 'fallback price'),
  twin('catalog-down', 'gateway', 'silent-default', 'invented price, no marker', 'fallback price'),
  twin('catalog-down', 'gateway', 'fallback-cached', 'default stored as truth', 'fallback price'),
  twin('payments-killed', 'payments', 'readiness-lies', 'ready at once, fails for 1.5 s', 'readinessTruth payments'),
  ...[
    twin('shop-window', 'gateway', 'silent-stale', 'the page shows an old price as if it were a new one', 'page buying/refresh'),
    twin('shop-window', 'gateway', 'blank-on-error', 'the page goes blank when an order fails', 'page buying'),
    twin('shop-window', 'gateway', 'double-order', 'each click on the page is an order of its own', 'atMostOnce basket-ordered'),
  ].map((visible): Twin => ({ ...visible, needs: 'browser' })),
  ...[
    twin('database-slow', 'orders', 'db-on-quote-path', 'quotes write to the orders database', 'isolation quote'),
    twin('database-cut', 'orders', 'db-no-timeout', 'waits for the database for ever', 'latencyWithin order'),
    twin('cache-down', 'gateway', 'cache-required', 'no price without the cache', 'availability price'),
    twin('cache-down', 'gateway', 'no-single-flight', 'each look-up asks the catalog itself', 'stampede gateway->catalog'),
    twin('broker-down', 'orders', 'fire-and-forget', 'events published without an outbox', 'delivery order-accepted'),
    twin('broker-down', 'shipping', 'no-dedup', 'announces an order each time that its event comes', 'atMostOnce order-announced'),
  ].map((needy): Twin => ({ ...needy, environments: ['docker', 'compose'] })),
];

function twin(scenario: string, service: Twin['service'], defect: Defect, wrong: string, ...expectations: readonly string[]): Twin {
  const mustFail = expectations.map((text) => {
    const [check = '', subject = ''] = text.split(' ');
    return { check, subject };
  });
  return { scenario, service, defect, wrong, environments: ['embedded', 'docker', 'compose'], mustFail };
}
