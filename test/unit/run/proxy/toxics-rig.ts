import { vi } from 'vitest';
import { seededRandom } from '../../../../harness/model/random.ts';
import { monotonicUs } from '../../../../harness/run/clock.ts';
import { LocalPace } from '../../../../harness/run/proxy/pace.ts';
import type { Pace, Sink, Stage, ToxicKind } from '../../../../harness/run/proxy/toxics/contract.ts';

/** What came out of a stage, and what it asked for. */
export interface Rig {
  readonly stage: Stage;
  readonly attributes: Record<string, number | string>;
  readonly chunks: { readonly data: Buffer; readonly atMs: number }[];
  endedAtMs: number | null;
  /** How the connection was ended by the stage, and when. */
  readonly broken: { readonly how: 'close' | 'reset'; readonly atMs: number }[];
  touches: number;
  flows: number;
  closesAfterEnd: boolean;
  text(): string;
  bytes(): Buffer;
}

export interface RigOptions {
  readonly seed?: number;
  readonly pace?: Pace;
  /** Where bytes go instead of into `chunks`. */
  readonly out?: Sink;
}

/** A toxic at work on a connection that is a list. */
export function startToxic(kind: ToxicKind, attributes: Record<string, number | string>, options: RigOptions = {}): Rig {
  const startUs = monotonicUs();
  const nowMs = (): number => (monotonicUs() - startUs) / 1000;
  const rig: Omit<Rig, 'stage'> = {
    attributes,
    chunks: [],
    endedAtMs: null,
    broken: [],
    touches: 0,
    flows: 0,
    closesAfterEnd: false,
    bytes: () => Buffer.concat(rig.chunks.map(({ data }) => data)),
    text: () => rig.bytes().toString('latin1'),
  };
  const stage = kind.start({
    attributes,
    random: seededRandom(options.seed ?? 7, 'stage'),
    pace: options.pace ?? new LocalPace(),
    out: options.out ?? {
      chunk(data) {
        if (rig.endedAtMs !== null) throw new Error('a chunk came after the end');
        rig.chunks.push({ data, atMs: nowMs() });
      },
      end() {
        if (rig.endedAtMs !== null) throw new Error('the end came twice');
        rig.endedAtMs = nowMs();
      },
    },
    touch: () => void rig.touches++,
    flow: () => void rig.flows++,
    close: () => void rig.broken.push({ how: 'close', atMs: nowMs() }),
    reset: () => void rig.broken.push({ how: 'reset', atMs: nowMs() }),
    closeAfterEnd: () => void (rig.closesAfterEnd = true),
  });
  return Object.assign(rig, { stage });
}

/** From here on time stands still but for `advance`. */
export function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'hrtime'] });
}

/** Lets so many milliseconds pass, and the event loop turn while they do. */
export async function advance(ms: number, stepMs = 0.25): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
    vi.advanceTimersByTime(stepMs);
    await turn();
    await turn();
  }
}

/** One turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Bytes that differ from their neighbours, so that a swap shows. */
export function stream(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8) * 7) & 0xff));
}
