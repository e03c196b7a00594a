import type { ImprovementId } from '../improvements.ts';
import type { Toxi } from '../servers.ts';

/** What a check is given. */
export interface World {
  readonly toxi: Toxi;
  readonly isOurs: boolean;
  /** Ends what the check starts. */
  readonly stack: AsyncDisposableStack;
}

/** What is so of a difference, for the server that it is given. */
export type Check = (world: World) => Promise<void>;

export type Checks<Id extends ImprovementId> = Readonly<Record<Id, Check>>;
