import type { ActionKind } from './contract.ts';

/** The request has its effect; its caller is reset once the reply is there. */
export const replyLost: ActionKind<'reply-lost'> = {
  kind: 'reply-lost',
  start(_, call) {
    const lose = (): void => {
      call.touch();
      call.end('reset', 'reset');
    };
    const drop = (): void => undefined;
    return { replyHead: () => call.touch(), sizeLine: drop, data: drop, frame: drop, replyEnd: lose, replyCutShort: lose };
  },
};
