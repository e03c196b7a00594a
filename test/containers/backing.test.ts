/**
 * Goal: a backing service that was started answers its first client, is reached by its names and on loopback only, and leaves nothing when it
 * cannot start.
 */
import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { promisify } from 'node:util';
import { createClient } from '@redis/client';
import { connect } from 'amqplib';
import pg from 'pg';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import type { Backing } from '../../harness/model/system.ts';
import { backings } from '../../harness/run/environments/backing/index.ts';
import type { BackingContext, BackingSpec } from '../../harness/run/environments/backing/contract.ts';
import type { Engine } from '../../harness/run/environments/containers/contract.ts';
import { connectEngine } from '../../harness/run/environments/containers/engine.ts';
import { reservePort } from '../../harness/run/environments/ports.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const mark = `halfopen-backing-test-${process.pid}`;
const IMAGES: Readonly<Record<Backing['kind'], string>> = { postgres: 'postgres:15', redis: 'redis:7', rabbitmq: 'rabbitmq:3.10' };

/** The first thing that a client does, without a second try. */
const firstUse: Readonly<Record<Backing['kind'], (port: number) => Promise<unknown>>> = {
  async postgres(port) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'shop', password: 'secret', database: 'orders' });
    await client.connect();
    try {
      await client.query('create table t (a int)');
      return (await client.query<{ name: string }>('select current_database() as name')).rows[0]?.name;
    } finally {
      await client.end();
    }
  },
  async redis(port) {
    const client = await redisClient(port);
    try {
      await client.set('a', '1');
      return await client.get('a');
    } finally {
      client.destroy();
    }
  },
  async rabbitmq(port) {
    const connection = await connect(`amqp://guest:guest@127.0.0.1:${port}`);
    try {
      const channel = await connection.createConfirmChannel();
      await channel.assertQueue('orders', { durable: true });
      channel.sendToQueue('orders', Buffer.from('one'));
      await channel.waitForConfirms();
      const message = await channel.get('orders', { noAck: true });
      return message === false ? 'nothing' : message.content.toString();
    } finally {
      await connection.close();
    }
  },
};
const answers: Readonly<Record<Backing['kind'], string>> = { postgres: 'orders', redis: '1', rabbitmq: 'one' };

describeWithEngine(
  'backing services',
  () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await connectEngine();
      await engine.createNetwork(mark, {});
    });
    afterEach(async () => {
      for (const kind of Object.keys(backings)) await engine.container(`${mark}-${kind}`).remove();
    });
    afterAll(() => engine.removeNetwork(mark));

    async function contextFor(kind: Backing['kind'], changed: Partial<BackingSpec> & { readonly readyWithinMs?: number } = {}) {
      const { readyWithinMs = 60_000, ...spec } = changed;
      const host = spec.ports?.[0]?.host ?? (await reservePort());
      const context: BackingContext = {
        engine,
        spec: {
          name: `${mark}-${kind}`,
          image: IMAGES[kind],
          command: [],
          env: {},
          labels: { 'dev.halfopen.test': mark },
          network: mark,
          aliases: [`the-${kind}`],
          ports: [{ container: backings[kind].port, host }],
          ...spec,
        },
        service: `the-${kind}`,
        backing: { kind, ...(kind === 'postgres' ? { database: 'orders', user: 'shop', password: 'secret' } : {}) },
        readyWithinMs,
        signal: new AbortController().signal,
      };
      return { context, host };
    }

    it.each(Object.values(backings))('$kind answers its first client, by name and on loopback only', async ({ kind, start, port }) => {
      const { context, host } = await contextFor(kind, { resources: { cpus: 1, memoryMb: 512 } });
      const began = performance.now();
      const container = await start(context);
      console.log(`${kind}: ready after ${Math.round(performance.now() - began)} ms`);
      expect(await firstUse[kind](host)).toBe(answers[kind]);

      const state = await container.inspect();
      expect(state).toMatchObject({ name: context.spec.name, status: 'running', cpus: 1, memoryBytes: 512 * 1024 * 1024 });
      expect(state.labels).toMatchObject({ 'dev.halfopen.test': mark });
      const published = await docker('inspect', '--format', '{{json .NetworkSettings.Ports}}', context.spec.name);
      const bound = Object.entries(JSON.parse(published) as object).filter(([, bindings]) => bindings !== null);
      expect(bound, 'no other port, no other interface').toEqual([[`${port}/tcp`, [{ HostIp: '127.0.0.1', HostPort: String(host) }]]]);
      expect(Object.keys(state.networks), 'not on the default bridge').toEqual([mark]);
      expect(state.networks[mark]).toContain(`the-${kind}`);
    });

    it('redis takes a password', async () => {
      const { context, host } = await contextFor('redis');
      await backings.redis.start({ ...context, backing: { kind: 'redis', password: 'sesame' } });
      await expect(firstUse.redis(host)).rejects.toThrow(/NOAUTH/);
      const client = await redisClient(host, { password: 'sesame' });
      expect(await client.ping()).toBe('PONG');
      client.destroy();
    });

    describe('leaves nothing', () => {
      it('when the program ends, and shows what it printed', async () => {
        const command = ['sh', '-c', 'echo no more room; exit 7'];
        const { context } = await contextFor('postgres', { command });
        await expect(backings.postgres.start(context)).rejects.toThrow(
          /Service 'the-postgres' \(postgres:15\) ended with code 7 before it answered.*\n.*Its last lines:\n.*no more room/,
        );
        expect(await engine.find(context.spec.name)).toBeNull();
      });

      it('when it does not answer in time', async () => {
        const { context } = await contextFor('rabbitmq', { command: ['sleep', '600'], readyWithinMs: 1500 });
        await expect(backings.rabbitmq.start(context)).rejects.toThrow(
          /Service 'the-rabbitmq' \(rabbitmq:3.10\) did not answer within 1500 ms \(.+\)/,
        );
        expect(await engine.find(context.spec.name)).toBeNull();
      });

      it('when the port was taken', async () => {
        const taken = await listening();
        try {
          const { port: host } = taken.address() as { readonly port: number };
          const { context } = await contextFor('redis', { ports: [{ container: 6379, host }] });
          await expect(backings.redis.start(context)).rejects.toThrow(
            /Cannot start service 'the-redis' from redis:7: .*address already in use/,
          );
          expect(await engine.find(context.spec.name)).toBeNull();
        } finally {
          taken.close();
        }
      });

      it('when the run is stopped meanwhile', async () => {
        const { context } = await contextFor('postgres', { command: ['sleep', '600'] });
        const stopped = new AbortController();
        const starting = backings.postgres.start({ ...context, signal: stopped.signal });
        await expect.poll(async () => (await engine.find(context.spec.name))?.status, { timeout: 20_000 }).toBe('running');
        stopped.abort(new Error('the user has had enough'));
        await expect(starting).rejects.toThrow('the user has had enough');
        expect(await engine.find(context.spec.name)).toBeNull();
      });
    });
  },
  Object.values(IMAGES),
);

function listening(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  });
}

async function redisClient(port: number, login: { readonly password?: string } = {}) {
  const client = createClient({ ...login, socket: { host: '127.0.0.1', port, reconnectStrategy: false } });
  // What goes wrong is told by the calls as well.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The engine's own words: the harness's smooth the differences. */
async function docker(...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)('docker', args)).stdout.trim();
}
