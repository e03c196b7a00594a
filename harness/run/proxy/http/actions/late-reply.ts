import type { ReplyHead } from '../head.ts';
import type { Act, CallControl } from './contract.ts';

/** Keeps a reply for so long, counted from when its head is there. */
export function lateReply(call: CallControl, delayMs: number): Act {
  let held: { readonly raw: Buffer; readonly status: number } | null = null;
  const pass = (): void => {
    if (held === null) return;
    call.passHead(held.raw, held.status);
    held = null;
    call.goOn();
  };
  return {
    replyHead({ status }: ReplyHead, raw) {
      held = { raw, status };
      call.touch();
      call.holdReply();
      call.wake(delayMs);
    },
    rang: pass,
    release: pass,
  };
}
