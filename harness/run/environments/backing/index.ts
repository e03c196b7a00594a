import { postgresKind } from './postgres.ts';
import { rabbitmqKind } from './rabbitmq.ts';
import { redisKind } from './redis.ts';

/** Every database, cache and broker that environments with containers start. */
export const backings = { postgres: postgresKind, redis: redisKind, rabbitmq: rabbitmqKind } as const;
