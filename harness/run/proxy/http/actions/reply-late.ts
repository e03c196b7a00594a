import type { ActionKind } from './contract.ts';
import { lateReply } from './late-reply.ts';

/** The request has its effect; its reply comes that much later than the callee gave it. */
export const replyLate: ActionKind<'reply-late'> = {
  kind: 'reply-late',
  start: ({ delayMs }, call) => lateReply(call, delayMs),
};
