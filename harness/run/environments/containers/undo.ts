import { HarnessError } from '../../../model/problem.ts';
import type { Entry, Owner, Undoer, Undoers } from '../../ledger/contract.ts';
import type { Container, Engine, Labelled } from './contract.ts';

/** Label by which compose tells its projects. */
export const PROJECT_LABEL = 'com.docker.compose.project';

/** As much of an engine as undoing takes. */
export interface UndoEngine extends Pick<
  Engine,
  'find' | 'labelsOfNetwork' | 'labelsOfVolume' | 'removeNetwork' | 'removeVolume' | 'labelled'
> {
  container(id: string): Pick<Container, 'remove'>;
}

type NamedEntry = Extract<Entry, { readonly name: string }>;
type EngineKind = 'compose' | 'container' | 'network' | 'volume';
type Removers = Readonly<Record<Labelled['kind'], Remover>>;
/** Removes what has this name and the mark; false if there is no such thing. */
type Remover = (name: string, isOurs: (labels: Readonly<Record<string, string>>) => boolean) => Promise<boolean>;

/**
 * Undoers of what lies with a container engine, which is connected to when the first of them is called. `runLabel` with the run's id is
 * the mark: what does not carry it is left alone, whatever its name.
 */
export function engineUndoers(connect: () => Promise<UndoEngine>, runLabel: string): Pick<Undoers, EngineKind> {
  const isOf =
    ({ runId }: Owner) =>
    (labels: Readonly<Record<string, string>>): boolean =>
      labels[runLabel] === runId;
  const named = (kind: Labelled['kind'], command: string): Omit<Undoer<NamedEntry>, 'kind'> => ({
    isOnEngine: true,
    undo: async ({ name }, owner) => removers(await connect())[kind](name, isOf(owner)),
    describe: ({ name }) => `${kind} ${name}`,
    byHand: ({ name }) => `${command} ${name}`,
  });
  return {
    compose: {
      kind: 'compose',
      isOnEngine: true,
      undo: async ({ project }, owner) => undoProject(await connect(), project, isOf(owner)),
      describe: ({ project }) => `compose project ${project}`,
      byHand: ({ project }) => `docker compose -p ${project} down -v --remove-orphans`,
    },
    container: { kind: 'container', ...named('container', 'docker rm -f -v') },
    network: { kind: 'network', ...named('network', 'docker network rm') },
    volume: { kind: 'volume', ...named('volume', 'docker volume rm') },
  };
}

/** Removing is asked for and then looked at: what is still there when the engine has said yes is a failure. */
function removers(engine: UndoEngine): Removers {
  return {
    async container(name, isOurs) {
      const state = await engine.find(name);
      if (state === null || !isOurs(state.labels)) return false;
      // By id: the name may be given to another one between the look and the removal.
      await engine.container(state.id).remove();
      if ((await engine.find(state.id)) === null) return true;
      throw new HarnessError(`Cannot remove container ${name}: the engine has agreed, and it is still there`);
    },
    async network(name, isOurs) {
      return removeNamed(`network ${name}`, isOurs, {
        labels: () => engine.labelsOfNetwork(name),
        remove: () => engine.removeNetwork(name),
      });
    },
    async volume(name, isOurs) {
      return removeNamed(`volume ${name}`, isOurs, {
        labels: () => engine.labelsOfVolume(name),
        remove: () => engine.removeVolume(name),
      });
    },
  };
}

interface Named {
  labels(): Promise<Readonly<Record<string, string>> | null>;
  remove(): Promise<void>;
}

async function removeNamed(what: string, isOurs: Parameters<Remover>[1], { labels, remove }: Named): Promise<boolean> {
  const found = await labels();
  if (found === null || !isOurs(found)) return false;
  await remove();
  const left = await labels();
  if (left === null || !isOurs(left)) return true;
  throw new HarnessError(`Cannot remove ${what}: the engine has agreed, and it is still there`);
}

/** Containers first: they hold the networks and the volumes. */
const ORDER = ['container', 'network', 'volume'] as const satisfies readonly Labelled['kind'][];

async function undoProject(engine: UndoEngine, project: string, isOurs: Parameters<Remover>[1]): Promise<boolean> {
  const all = await engine.labelled(`${PROJECT_LABEL}=${project}`);
  const ours = all.filter(({ labels }) => isOurs(labels));
  const remove = removers(engine);
  for (const kind of ORDER) {
    const ends = await Promise.allSettled(ours.filter((each) => each.kind === kind).map(({ name }) => remove[kind](name, isOurs)));
    const failures = ends.filter((end) => end.status === 'rejected');
    if (failures.length > 0) throw new HarnessError(failures.map(({ reason }) => (reason as Error).message).join('; '));
  }
  return ours.length > 0;
}
