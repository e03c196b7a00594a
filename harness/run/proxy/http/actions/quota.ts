import type { ActionKind } from './contract.ts';

/** Answers a request that is beyond its window's limit; the rule itself lets the others through. */
export const quota: ActionKind<'quota'> = {
  kind: 'quota',
  start({ status = 429, body }, call) {
    call.touch();
    call.answer({
      status,
      ...(body === undefined ? {} : { body }),
      headers: { 'Retry-After': String(call.acting.retryAfterS) },
    });
    return {};
  },
};
