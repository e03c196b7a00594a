import type { ActionKind } from './contract.ts';

/** The connection was accepted and is reset with the first request that the rule hits. */
export const refuse: ActionKind<'refuse'> = {
  kind: 'refuse',
  start(_, call) {
    call.touch();
    call.end('reset', 'refused');
    return {};
  },
};
