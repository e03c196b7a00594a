import type { Accepts, ToxicChange } from '../branch.ts';
import type { ProxyCounters } from '../counters.ts';
import type { Stream } from '../toxic.ts';
import type { Want } from '../toxics/contract.ts';

/** A toxic on its way to another process. */
export interface ToxicSpecInForce {
  readonly name: string;
  readonly type: string;
  readonly stream: Stream;
  readonly toxicity: number;
  readonly attributes: Readonly<Record<string, number | string>>;
}

/** What a worker is told to do with its branch of a proxy. */
export type Order =
  /** Accept connections too; the listening socket comes with it. */
  | { readonly op: 'open'; readonly name: string; readonly seed: number; readonly upstream: string }
  /** Accept no more, and tell which came; those that are open go on. */
  | { readonly op: 'retire' }
  | { readonly op: 'renumber'; readonly ordinals: readonly (number | null)[]; readonly total: number }
  | { readonly op: 'add-toxic'; readonly toxic: ToxicSpecInForce }
  | { readonly op: 'update-toxic'; readonly toxic: string; readonly change: ToxicChange }
  | { readonly op: 'remove-toxic'; readonly toxic: string }
  | { readonly op: 'retarget'; readonly upstream: string }
  /** Accept no more and end every connection. */
  | { readonly op: 'drop' }
  | { readonly op: 'counters' }
  | { readonly op: 'forget' };

/** What each order is answered with. */
export interface Answers {
  readonly retire: Accepts;
  readonly counters: ProxyCounters;
}

export type AnswerTo<O extends Order['op']> = O extends keyof Answers ? Answers[O] : null;

/** From the main process to a worker. */
export type ToWorker =
  | { readonly kind: 'order'; readonly id: number; readonly proxy: number; readonly order: Order }
  | { readonly kind: 'granted'; readonly request: number; readonly freeUs: number };

/** From a worker to the main process. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  /** Asks for the wire that a toxic's connections share. */
  | { readonly kind: 'reserve'; readonly proxy: number; readonly toxic: string; readonly want: Want; readonly request: number };
