import { seededRandom } from '../../../../model/random.ts';
import type { ActionKind, CallControl } from './contract.ts';
import { lateReply } from './late-reply.ts';

/** Holds the request before it is passed on, or the reply before its first byte is. */
export const delay: ActionKind<'delay'> = {
  kind: 'delay',
  start({ before, delayMs, jitterMs = 0 }, call) {
    const ms = jittered(delayMs, jitterMs, call);
    if (before === 'response') return lateReply(call, ms);
    const pass = (): void => call.goOn();
    call.touch();
    call.holdRequest();
    call.wake(ms);
    return { rang: pass, release: pass };
  },
};

/** Uniform in `delayMs` ± `jitterMs`, fixed by the rule's seed and which of its hits this is. */
function jittered(delayMs: number, jitterMs: number, { acting: { spec, hit } }: CallControl): number {
  if (jitterMs === 0) return delayMs;
  const random = seededRandom(spec.seed, `${spec.name}/jitter/${hit}`);
  return Math.max(0, delayMs + (2 * random() - 1) * jitterMs);
}
