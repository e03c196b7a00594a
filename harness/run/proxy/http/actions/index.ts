import type { HttpAction } from '../../contract.ts';
import { abort } from './abort.ts';
import type { Act, ActionKind, CallControl } from './contract.ts';
import { corrupt } from './corrupt.ts';
import { delay } from './delay.ts';
import { edit } from './edit.ts';
import { hang } from './hang.ts';
import { hold } from './hold.ts';
import { quota } from './quota.ts';
import { refuse } from './refuse.ts';
import { replyLate } from './reply-late.ts';
import { replyLost } from './reply-lost.ts';
import { slowBody } from './slow-body.ts';
import { status } from './status.ts';
import { truncate } from './truncate.ts';

/** Every HTTP action. A new one is a file and a row. */
export const actionKinds: { readonly [K in HttpAction['kind']]: ActionKind<K> } = {
  status,
  delay,
  'slow-body': slowBody,
  abort,
  hang,
  truncate,
  corrupt,
  edit,
  quota,
  hold,
  'reply-lost': replyLost,
  'reply-late': replyLate,
  refuse,
};

/** Sets the rule's action to work on the call. */
export function startAct(call: CallControl): Act {
  const { action } = call.acting.spec;
  const kind: ActionKind = actionKinds[action.kind];
  return kind.start(action, call);
}
