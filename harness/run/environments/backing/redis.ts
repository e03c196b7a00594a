import type { Greeting } from './answer.ts';
import { placeContainer } from '../containers/placement.ts';
import type { BackingKind } from './contract.ts';
import { loadModule, startModule } from './start-module.ts';

export const redisKind: BackingKind = {
  kind: 'redis',
  port: 6379,
  async start(context) {
    const { spec, backing } = context;
    const { RedisContainer } = await loadModule('Redis', '@testcontainers/redis', () => import('@testcontainers/redis'));
    class PlacedRedis extends RedisContainer {
      protected override async beforeContainerCreated(): Promise<void> {
        placeContainer({ createOpts: this.createOpts, hostConfig: this.hostConfig }, spec);
      }
    }
    const container = new PlacedRedis(spec.image);
    if (backing.password !== undefined) container.withPassword(backing.password);
    return startModule(container, redisGreeting, context);
  },
};

/** A server that loads its data says so; one that asks for a password can be used. */
export const redisGreeting: Greeting = {
  hello: Buffer.from('*1\r\n$4\r\nPING\r\n'),
  read(answer) {
    const end = answer.indexOf('\r\n');
    if (end === -1) return 'incomplete';
    const said = answer.toString('utf8', 0, end);
    return { isReady: said === '+PONG' || said.startsWith('-NOAUTH'), said };
  },
};
