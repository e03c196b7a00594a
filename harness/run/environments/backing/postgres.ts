import type { Greeting } from './answer.ts';
import { placeContainer } from '../containers/placement.ts';
import type { BackingKind } from './contract.ts';
import { loadModule, startModule } from './start-module.ts';

const DEFAULTS = { database: 'postgres', user: 'postgres', password: 'postgres' };
/** Version 3.0 of the protocol. */
const PROTOCOL = 0x0003_0000;

export const postgresKind: BackingKind = {
  kind: 'postgres',
  port: 5432,
  async start(context) {
    const { spec, backing } = context;
    const { PostgreSqlContainer } = await loadModule('Postgres', '@testcontainers/postgresql', () => import('@testcontainers/postgresql'));
    class PlacedPostgres extends PostgreSqlContainer {
      protected override async beforeContainerCreated(): Promise<void> {
        placeContainer({ createOpts: this.createOpts, hostConfig: this.hostConfig }, spec);
        this.createOpts.Healthcheck = { Test: ['NONE'] };
      }
    }
    const { database, user, password } = { ...DEFAULTS, ...backing };
    const container = new PlacedPostgres(spec.image).withDatabase(database).withUsername(user).withPassword(password);
    return startModule(container, postgresGreeting(user, database), context);
  },
};

/**
 * Asks for a session. While the image prepares its data folder, it runs a server for itself that no port leads to; one that starts or
 * stops says so (57P03); one that asks for a password can be used.
 */
export function postgresGreeting(user: string, database: string): Greeting {
  const fields = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + fields.length, 0);
  head.writeInt32BE(PROTOCOL, 4);
  return {
    hello: Buffer.concat([head, fields]),
    read(answer) {
      const kind = String.fromCharCode(answer[0] ?? 0);
      if (kind === 'R') return { isReady: true, said: 'ready' };
      if (kind !== 'E') return { isReady: false, said: 'something that is not PostgreSQL' };
      if (answer.length < 5 || answer.length < 1 + answer.readInt32BE(1)) return 'incomplete';
      const message = answer
        .toString('utf8', 5)
        .split('\0')
        .find((field) => field.startsWith('M'));
      return { isReady: false, said: message?.slice(1) ?? 'an error' };
    },
  };
}
