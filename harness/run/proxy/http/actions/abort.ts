import { UntilPoint } from './reply-point.ts';
import type { ActionKind } from './contract.ts';

/** Ends the caller's connection at a point of the call. */
export const abort: ActionKind<'abort'> = {
  kind: 'abort',
  start({ at, bytes = 0, how = 'reset' }, call) {
    const end = (isComplete: boolean): void => {
      call.touch();
      call.end(how, how === 'reset' ? 'reset' : isComplete ? 'answered' : 'truncated');
    };
    if (at !== 'before') return new UntilPoint(call, { at, bytes }, end);
    end(false);
    return {};
  },
};
