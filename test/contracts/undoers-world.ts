/** A place for each kind of thing that is undone: an engine in memory, and a Toxiproxy's control API on loopback. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ContainerState, Labelled } from '../../harness/run/environments/containers/contract.ts';
import type { UndoEngine } from '../../harness/run/environments/containers/undo.ts';
import { HarnessError } from '../../harness/model/problem.ts';

type Kind = Labelled['kind'];

/** Things by kind and name. `stuck` are those that do not go away, whatever the engine answers. */
export interface FakeEngine extends UndoEngine {
  readonly things: Labelled[];
  readonly stuck: Set<string>;
  isDown: boolean;
}

export function fakeEngine(): FakeEngine {
  const things: Labelled[] = [];
  const stuck = new Set<string>();
  const idOf = (name: string): string => `id-of-${name}`;
  const find = (kind: Kind, name: string): Labelled | undefined => {
    if (engine.isDown) throw new HarnessError('Cannot ask the engine: it is down');
    return things.find((thing) => thing.kind === kind && (thing.name === name || idOf(thing.name) === name));
  };
  const remove = (kind: Kind, name: string): void => {
    const thing = find(kind, name);
    if (thing !== undefined && !stuck.has(thing.name)) things.splice(things.indexOf(thing), 1);
  };
  const engine: FakeEngine = {
    things,
    stuck,
    isDown: false,
    async find(name) {
      const thing = find('container', name);
      return thing === undefined ? null : ({ id: idOf(thing.name), name: thing.name, labels: thing.labels } as ContainerState);
    },
    container: (name) => ({ remove: async () => remove('container', name) }),
    labelsOfNetwork: async (name) => find('network', name)?.labels ?? null,
    labelsOfVolume: async (name) => find('volume', name)?.labels ?? null,
    removeNetwork: async (name) => remove('network', name),
    removeVolume: async (name) => remove('volume', name),
    async labelled(label) {
      find('container', '');
      const [key = '', value] = label.split('=');
      return things.filter(({ labels }) => key in labels && (value === undefined || labels[key] === value));
    },
  };
  return engine;
}

/** Paths that exist (`/proxies/a/toxics/b`); DELETE removes one. `isFrozen` takes requests and never answers. */
export interface FakeToxiproxy extends AsyncDisposable {
  readonly controlUrl: string;
  readonly paths: Set<string>;
  readonly asked: string[];
  isFrozen: boolean;
  refuses: number | null;
}

export async function fakeToxiproxy(): Promise<FakeToxiproxy> {
  const paths = new Set<string>();
  const asked: string[] = [];
  const server: Server = createServer((request, answer) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push(`${request.method} ${path}`);
    if (fake.isFrozen) return;
    if (fake.refuses !== null) answer.writeHead(fake.refuses).end('{"error":"no"}');
    else answer.writeHead(request.method === 'DELETE' && paths.delete(path) ? 204 : 404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeToxiproxy = {
    controlUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    asked,
    isFrozen: false,
    refuses: null,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}
