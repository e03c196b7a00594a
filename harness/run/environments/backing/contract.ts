import type { Backing } from '../../../model/system.ts';
import type { Container, ContainerSpec, Engine } from '../containers/contract.ts';

/** A container as its kind's module of Testcontainers can make it. */
export type BackingSpec = Omit<ContainerSpec, 'copies' | 'workingFolder'>;

export interface BackingContext {
  readonly engine: Engine;
  /** `ports` holds the one on which the service answers. */
  readonly spec: BackingSpec;
  /** Name of the service, for messages. */
  readonly service: string;
  readonly backing: Backing;
  readonly readyWithinMs: number;
  readonly signal: AbortSignal;
}

/** A kind of database, cache or broker. */
export interface BackingKind {
  readonly kind: Backing['kind'];
  /** Port inside the container. */
  readonly port: number;
  /**
   * Resolves when the service answers as its clients need it, by its own protocol.
   *
   * @throws {HarnessError} that says what it did last, with its last log lines; nothing of it is left then
   */
  start(context: BackingContext): Promise<Container>;
}
