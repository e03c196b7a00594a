import { monotonicUs } from '../../../clock.ts';
import type { HeldCall, HeldOutcome } from '../../contract.ts';
import type { ReplyHead } from '../head.ts';
import type { Act, ActionKind, CallControl } from './contract.ts';

/** Holds each call until it is released, at most `maxMs`. */
export const hold: ActionKind<'hold'> = {
  kind: 'hold',
  start({ at, maxMs }, call) {
    const held = new HoldAct(call, at, maxMs);
    if (at === 'request') held.holdRequest();
    return held;
  },
};

class HoldAct implements Act {
  readonly #call: CallControl;
  readonly #at: 'request' | 'response';
  readonly #maxMs: number | undefined;
  #head: { readonly raw: Buffer; readonly status: number } | null = null;
  /** Takes the call out of the rule's list; null where it is not held. */
  #waiting: Disposable | null = null;
  #isConcluded = false;

  constructor(call: CallControl, at: 'request' | 'response', maxMs: number | undefined) {
    this.#call = call;
    this.#at = at;
    this.#maxMs = maxMs;
  }

  /** Until the call has gone on. */
  get endsWithCaller(): boolean {
    return !this.#isConcluded;
  }

  holdRequest(): void {
    this.#call.holdRequest();
    this.#wait();
  }

  replyHead({ status }: ReplyHead, raw: Buffer): void {
    if (this.#at === 'request') {
      this.#call.passHead(raw, status);
      return;
    }
    this.#head = { raw, status };
    this.#call.holdReply();
    this.#wait();
  }

  rang(): void {
    this.#pass();
  }

  release(): void {
    this.#pass();
  }

  over(): void {
    this.#isConcluded = true;
    this.#waiting?.[Symbol.dispose]();
    this.#waiting = null;
  }

  #wait(): void {
    const { acting, request } = this.#call;
    const sinceUs = monotonicUs();
    this.#call.touch();
    if (this.#maxMs !== undefined) this.#call.wake(this.#maxMs);
    this.#waiting = acting.rule.hold({
      facts: (): HeldCall => ({
        ordinal: acting.hit,
        method: request.method,
        path: request.path,
        traceId: request.traceId,
        at: this.#at,
        status: this.#head?.status ?? 0,
        heldMs: (monotonicUs() - sinceUs) / 1000,
      }),
      release: (outcome) => this.#conclude(outcome),
    });
  }

  #conclude(outcome: HeldOutcome): void {
    if (this.#waiting === null) return;
    switch (outcome.kind) {
      case 'pass':
        this.#pass();
        break;
      case 'reset':
        this.over();
        this.#call.end('reset', 'reset');
        break;
      case 'close':
        this.over();
        this.#call.end('close', 'truncated');
        break;
      case 'status':
        this.over();
        this.#call.answer(outcome);
        break;
    }
  }

  #pass(): void {
    if (this.#waiting === null) return;
    this.over();
    if (this.#head !== null) this.#call.passHead(this.#head.raw, this.#head.status);
    this.#call.goOn();
  }
}
