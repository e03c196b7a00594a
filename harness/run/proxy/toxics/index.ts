import { bandwidth } from './bandwidth.ts';
import type { ToxicKind } from './contract.ts';
import { corrupt } from './corrupt.ts';
import { latency } from './latency.ts';
import { limitData } from './limit-data.ts';
import { limitTime } from './limit-time.ts';
import { loss } from './loss.ts';
import { mark } from './mark.ts';
import { noop } from './noop.ts';
import { resetPeer } from './reset-peer.ts';
import { slicer } from './slicer.ts';
import { slowClose } from './slow-close.ts';
import { timeout } from './timeout.ts';

/** Every toxic by the name that Toxiproxy's API gives it; the last four are ours. */
export const toxicKinds = {
  latency,
  bandwidth,
  slow_close: slowClose,
  timeout,
  reset_peer: resetPeer,
  slicer,
  limit_data: limitData,
  noop,
  limit_time: limitTime,
  corrupt,
  loss,
  mark,
} as const satisfies Readonly<Record<string, ToxicKind>>;

export type ToxicType = keyof typeof toxicKinds;

/** The row of that name, or undefined. */
export function toxicKind(type: string): ToxicKind | undefined {
  return Object.hasOwn(toxicKinds, type) ? toxicKinds[type as ToxicType] : undefined;
}
