import type { Greeting } from './answer.ts';
import { placeContainer } from '../containers/placement.ts';
import type { BackingKind } from './contract.ts';
import { loadModule, startModule } from './start-module.ts';

export const rabbitmqKind: BackingKind = {
  kind: 'rabbitmq',
  port: 5672,
  async start(context) {
    const { spec, backing } = context;
    const { RabbitMQContainer } = await loadModule('RabbitMQ', '@testcontainers/rabbitmq', () => import('@testcontainers/rabbitmq'));
    class PlacedRabbitMQ extends RabbitMQContainer {
      protected override async beforeContainerCreated(): Promise<void> {
        placeContainer({ createOpts: this.createOpts, hostConfig: this.hostConfig }, spec);
      }
    }
    const container = new PlacedRabbitMQ(spec.image);
    if (backing.user !== undefined) container.withEnvironment({ RABBITMQ_DEFAULT_USER: backing.user });
    if (backing.password !== undefined) container.withEnvironment({ RABBITMQ_DEFAULT_PASS: backing.password });
    return startModule(container, rabbitmqGreeting, context);
  },
};

/** Head of a frame (1 method frame, channel, length) and the method: `Connection.Start` is 10.10. */
const FRAME_HEAD_BYTES = 7;

/** The broker opens its port last, and answers a client's header with `Connection.Start`. */
export const rabbitmqGreeting: Greeting = {
  hello: Buffer.from('AMQP\0\0\x09\x01', 'latin1'),
  read(answer) {
    if (answer[0] !== 1) return { isReady: false, said: 'something that is not AMQP 0-9-1' };
    if (answer.length < FRAME_HEAD_BYTES + 4) return 'incomplete';
    const isStart = answer.readUInt16BE(FRAME_HEAD_BYTES) === 10 && answer.readUInt16BE(FRAME_HEAD_BYTES + 2) === 10;
    return { isReady: isStart, said: isStart ? 'ready' : 'another method than Connection.Start' };
  },
};
