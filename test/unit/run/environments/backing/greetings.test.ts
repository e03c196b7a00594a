/** Goal: a backing service counts as ready on the answer that its clients need, and on no other. */
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, type Greeting } from '../../../../../harness/run/environments/backing/answer.ts';
import { postgresGreeting } from '../../../../../harness/run/environments/backing/postgres.ts';
import { rabbitmqGreeting } from '../../../../../harness/run/environments/backing/rabbitmq.ts';
import { redisGreeting } from '../../../../../harness/run/environments/backing/redis.ts';
import { loadModule } from '../../../../../harness/run/environments/backing/start-module.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function asked(greeting: Greeting, serve: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    serve(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  return ask({ host: '127.0.0.1', port }, greeting, new AbortController().signal);
}

const error = (fields: string): Buffer => {
  const body = Buffer.from(fields);
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
};
const postgres = postgresGreeting('shop', 'orders');

describe('what a service answers', () => {
  it.each<readonly [string, Greeting, Buffer | string, boolean, string]>([
    ['Postgres asks for a password', postgres, Buffer.from('R\0\0\0\x08\0\0\0\x05'), true, 'ready'],
    [
      'Postgres starts',
      postgres,
      error('SFATAL\0C57P03\0Mthe database system is starting up\0\0'),
      false,
      'the database system is starting up',
    ],
    ['something else than Postgres', postgres, 'HTTP/1.1 400 Bad Request\r\n', false, 'something that is not PostgreSQL'],
    ['Redis serves', redisGreeting, '+PONG\r\n', true, '+PONG'],
    ['Redis asks for a password', redisGreeting, '-NOAUTH Authentication required.\r\n', true, '-NOAUTH Authentication required.'],
    ['Redis loads', redisGreeting, '-LOADING Redis is loading\r\n', false, '-LOADING Redis is loading'],
    ['RabbitMQ serves', rabbitmqGreeting, Buffer.from('\x01\0\0\0\0\x01\0\0\x0a\0\x0a', 'latin1'), true, 'ready'],
    ['another version of AMQP', rabbitmqGreeting, 'AMQP\0\x01\0\0', false, 'something that is not AMQP 0-9-1'],
  ])('%s', async (_, greeting, answer, isReady, said) => {
    expect(await asked(greeting, (socket) => socket.once('data', () => socket.end(answer)))).toEqual({ isReady, said });
    // Byte by byte, as a network may bring it.
    const inPieces = await asked(greeting, (socket) => {
      socket.setNoDelay();
      socket.once('data', () => void sendInPieces(socket, Buffer.from(answer)));
    });
    expect(inPieces).toEqual({ isReady, said });
  });

  it('may be nothing: a published port accepts before anybody listens behind it', async () => {
    for (const greeting of [postgres, redisGreeting, rabbitmqGreeting]) {
      expect(await asked(greeting, (socket) => socket.end())).toEqual({
        isReady: false,
        said: 'the connection was closed without an answer',
      });
      expect(await asked(greeting, (socket) => socket.resetAndDestroy())).toMatchObject({
        isReady: false,
        said: expect.stringMatching(/ECONNRESET|EPIPE/),
      });
    }
    expect(await asked(redisGreeting, () => undefined)).toEqual({ isReady: false, said: 'no answer within 1000 ms' });
    expect(await ask({ host: '127.0.0.1', port: 1 }, redisGreeting, new AbortController().signal)).toMatchObject({ isReady: false });
    expect(await asked(redisGreeting, (socket) => socket.write('x'.repeat(20_000)))).toMatchObject({
      isReady: false,
      said: 'an answer without end',
    });
  });
});

async function sendInPieces(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) await new Promise((resolve) => socket.write(Buffer.of(byte), resolve));
  socket.end();
}

it('says what to install where the module of Testcontainers is not', async () => {
  const load = (): Promise<never> => import(`@testcontainers/${'nothing-of-that-name'}`) as Promise<never>;
  await expect(loadModule('Postgres', '@testcontainers/postgresql', load)).rejects.toThrow(
    'Cannot start Postgres as the package @testcontainers/postgresql is not installed (way out: npm i -D @testcontainers/postgresql)',
  );
});
