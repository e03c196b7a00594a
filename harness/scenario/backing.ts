import type { Backing, ServiceDeclaration } from '../model/system.ts';

/** A database, cache or broker as a service of the system. */
export interface BackingService extends ServiceDeclaration {
  readonly backing: Backing;
  readonly image: string;
  readonly port: number;
}

interface ImageOption {
  readonly image?: string;
}

/** How long a backing service may take to become ready, in milliseconds. */
const READY_WITHIN_MS = 60_000;

/**
 * A PostgreSQL server as a service. Environments with containers start it; elsewhere it is left out, and its callers are started without
 * the variable that names it.
 *
 * @example
 * ```ts
 * import { postgres } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(postgres({ database: 'shop' }).backing.database, 'shop');
 * ```
 */
export function postgres(
  options: ImageOption & {
    /** @default 'postgres' */
    readonly database?: string;
    /** @default 'postgres' */
    readonly user?: string;
    /** @default 'postgres' */
    readonly password?: string;
  } = {},
): BackingService {
  const { image = 'postgres:15', database = 'postgres', user = 'postgres', password = 'postgres' } = options;
  return { backing: { kind: 'postgres', database, user, password }, image, port: 5432, readyWithinMs: READY_WITHIN_MS };
}

/**
 * A Redis server as a service, without a password. Environments with containers start it; elsewhere it is left out.
 *
 * @example
 * ```ts
 * import { redis } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(redis().port, 6379);
 * ```
 */
export function redis(options: ImageOption = {}): BackingService {
  return { backing: { kind: 'redis' }, image: options.image ?? 'redis:7', port: 6379, readyWithinMs: READY_WITHIN_MS };
}

/**
 * A RabbitMQ broker as a service; its user and password are `guest`. Environments with containers start it; elsewhere it is left out.
 *
 * @example
 * ```ts
 * import { rabbitmq } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(rabbitmq().port, 5672);
 * ```
 */
export function rabbitmq(options: ImageOption = {}): BackingService {
  return { backing: { kind: 'rabbitmq' }, image: options.image ?? 'rabbitmq:3.10', port: 5672, readyWithinMs: READY_WITHIN_MS };
}
