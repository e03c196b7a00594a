import type { EdgeToxic, Stream } from './toxics.ts';

const PARTS = { upstream: 'up', downstream: 'down' } as const;

/** Toxics that let nothing through: `timeout` of 0 swallows for ever and closes the connections once it is removed. */
export function swallow(edge: string, streams: readonly Stream[]): readonly EdgeToxic[] {
  return streams.map((stream) => ({ edge, stream, part: PARTS[stream], type: 'timeout', attributes: { timeout: 0 } }));
}
