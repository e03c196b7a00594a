import { monotonicUs } from '../../clock.ts';
import { endUs, leftMs, LONGEST_TTL_MS, MOST_LEASES, type Lease, type Leases } from '../lease.ts';
import { decodeFields, type Fields } from './fields.ts';
import { ApiError, json, NO_CONTENT } from './reply.ts';
import type { Route } from './router.ts';

const OWNER_PATH = '/halfopen/leases/:owner';
const DEAD_MAN_PATH = '/halfopen/dead-man';

/** Who promises to come back, and the dead-man's lease: when that one is over, nothing stays in force on any proxy. */
export function leaseRoutes(leases: Leases): Route[] {
  return [
    {
      methods: ['GET'],
      path: '/halfopen/leases',
      handle: () => json(200, leasesJson(leases, monotonicUs())),
    },
    {
      methods: ['GET'],
      path: OWNER_PATH,
      handle: ({ names }) => json(200, ownerJson(names['owner'] ?? '', demand(leases.lease(names['owner'] ?? '')), monotonicUs())),
    },
    {
      methods: ['PUT'],
      path: OWNER_PATH,
      handle: ({ names, body }) => {
        const owner = names['owner'] ?? '';
        const ttlMs = readTtlMs(decodeFields(body));
        // Clients take these out of a path: the lease could be begun and never be addressed again.
        if (owner === '.' || owner === '..')
          throw new ApiError(400, `Cannot begin a lease as its owner must be a name: current value is '${owner}'`);
        if (leases.lease(owner) === undefined && leases.leases.length >= MOST_LEASES)
          throw new ApiError(400, `Cannot begin a lease as at most ${MOST_LEASES} owners may hold one: '${owner}' would be one more`);
        return json(200, ownerJson(owner, leases.renew(owner, ttlMs), monotonicUs()));
      },
    },
    {
      methods: ['DELETE'],
      path: OWNER_PATH,
      handle: async ({ names }) => {
        const owner = names['owner'] ?? '';
        const wasHeld = leases.lease(owner) !== undefined;
        const ended = await leases.end(owner);
        if (!wasHeld && ended.withdrawn + ended.failed === 0) throw new ApiError(404, 'lease not found');
        return json(200, ended);
      },
    },
    { methods: ['GET'], path: DEAD_MAN_PATH, handle: () => json(200, leaseJson(demand(leases.deadMan ?? undefined), monotonicUs())) },
    {
      methods: ['PUT'],
      path: DEAD_MAN_PATH,
      handle: ({ body }) => json(200, leaseJson(leases.renewDeadMan(readTtlMs(decodeFields(body))), monotonicUs())),
    },
    {
      methods: ['DELETE'],
      path: DEAD_MAN_PATH,
      handle: () => {
        if (!leases.stopDeadMan()) throw new ApiError(404, 'lease not found');
        return NO_CONTENT;
      },
    },
  ];
}

/** The routes, so that whatever they put in force or take out of it, the timer knows. */
export function armedBy(leases: Leases, routes: readonly Route[]): Route[] {
  return routes.map((route) => {
    if (route.methods?.every((method) => method === 'GET') !== false) return route;
    return {
      ...route,
      handle: async (call) => {
        try {
          return await route.handle(call);
        } finally {
          leases.arm();
        }
      },
    };
  });
}

export function leasesJson(leases: Leases, nowUs: number): unknown {
  return {
    owners: leases.leases.map(([owner, lease]) => ownerJson(owner, lease, nowUs)),
    deadMan: leases.deadMan === null ? null : leaseJson(leases.deadMan, nowUs),
  };
}

function ownerJson(owner: string, lease: Lease, nowUs: number): unknown {
  return { owner, ...leaseJson(lease, nowUs) };
}

function leaseJson(lease: Lease, nowUs: number): object {
  return { ...lease, ttlLeftMs: leftMs({ untilUs: endUs(lease) }, nowUs) };
}

function demand(lease: Lease | undefined): Lease {
  if (lease === undefined) throw new ApiError(404, 'lease not found');
  return lease;
}

function readTtlMs(fields: Fields): number {
  const ttlMs = fields.get('ttlms');
  if (typeof ttlMs !== 'number' || !(ttlMs >= 1 && ttlMs <= LONGEST_TTL_MS))
    throw new ApiError(
      400,
      `Cannot hold the lease as 'ttlMs' must be a number from 1 to ${LONGEST_TTL_MS}: current value is ${shown(ttlMs)}`,
    );
  return ttlMs;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}
