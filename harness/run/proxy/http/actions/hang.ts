import { UntilPoint } from './reply-point.ts';
import type { Act, ActionKind } from './contract.ts';

/** Goes silent at a point of the call, until the caller leaves or the rule is withdrawn, which resets it. */
export const hang: ActionKind<'hang'> = {
  kind: 'hang',
  start({ at = 'before', bytes = 0 }, call) {
    const reset = (): void => call.end('reset', 'reset');
    const fall = (): void => {
      call.touch();
      call.fallSilent();
    };
    if (at === 'before') {
      call.swallowRequest();
      fall();
      return { release: reset };
    }
    const until = new UntilPoint(call, { at, bytes }, fall);
    const act: Act = until;
    act.release = () => {
      if (until.isReached) reset();
    };
    return act;
  },
};
