import type { ActionKind } from './contract.ts';

/** Answers in the callee's place, which sees nothing of the request. */
export const status: ActionKind<'status'> = {
  kind: 'status',
  start({ status: code, body, headers = {}, retryAfterS }, call) {
    const hasRetryAfter = Object.keys(headers).some((name) => name.toLowerCase() === 'retry-after');
    call.touch();
    call.answer({
      status: code,
      ...(body === undefined ? {} : { body }),
      headers: retryAfterS === undefined || hasRetryAfter ? headers : { ...headers, 'Retry-After': String(retryAfterS) },
    });
    return {};
  },
};
