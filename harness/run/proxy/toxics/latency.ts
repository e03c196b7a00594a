import { monotonicUs } from '../../clock.ts';
import { Brim } from './brim.ts';
import { DelayLine, type Held } from './delay-line.ts';
import { amount, type Attributes, type ToxicKind } from './contract.ts';
import { delayMs, DISTRIBUTIONS, type Distribution } from './delay-distribution.ts';
import { roomBytes } from './holding.ts';

/** As many chunks as Toxiproxy queues before its sender has to wait. */
const QUEUED_CHUNKS = 1024;
/** The bytes that such a queue holds there, where no chunk exceeds 32 KiB. */
const QUEUED_BYTES = 32 * 1024 * 1024;
/** Netem's own table of Pareto delays is drawn with it. */
const SHAPE = 3;

interface Late extends Held {
  readonly arrivedUs: number;
  /** Where in the distribution its delay lies; kept, so that an update leaves the n-th chunk its n-th draw. */
  readonly drawn: number;
}

function delayUs(attributes: Attributes, drawn: number): number {
  const shape = {
    distribution: (attributes['distribution'] ?? 'uniform') as Distribution,
    latencyMs: amount(attributes, 'latency'),
    jitterMs: amount(attributes, 'jitter'),
    shape: amount(attributes, 'shape', SHAPE),
  };
  return delayMs(shape, drawn) * 1000;
}

/** Holds each chunk until its arrival + latency, spread by jitter; order is kept, so a late chunk holds up those behind it. */
export const latency: ToxicKind = {
  attributes: {
    latency: { min: 0 },
    jitter: { min: 0 },
    distribution: { kind: 'choice', options: DISTRIBUTIONS, isOurs: true },
    shape: { kind: 'number', min: 1, max: 100, isOurs: true },
  },
  problem: (attributes) =>
    attributes['distribution'] === 'lognormal' && amount(attributes, 'latency') === 0 && amount(attributes, 'jitter') > 0
      ? 'latency must be at least 1 when distribution is lognormal, where it is the median: current value is 0'
      : undefined,
  start({ attributes, random, out, touch, flow }) {
    const line = new DelayLine<Late>({
      leave: ({ data }) => (data === null ? out.end() : out.chunk(data)),
      left: () => brim.look(),
      isExact: true,
    });
    const brim = new Brim(() => line.length >= QUEUED_CHUNKS || line.bytes >= roomBytes(QUEUED_BYTES), flow);
    return {
      chunk(data) {
        const drawn = random();
        const heldUs = delayUs(attributes, drawn);
        if (heldUs === 0 && line.length === 0) {
          out.chunk(data);
          return;
        }
        touch();
        const arrivedUs = monotonicUs();
        line.push({ data, arrivedUs, drawn, dueUs: arrivedUs + heldUs });
        brim.look();
      },
      end() {
        // Without data before it the end is not delayed.
        if (line.length === 0) out.end();
        else line.push({ data: null, arrivedUs: 0, drawn: 0, dueUs: -Infinity });
      },
      full: () => brim.isFull,
      update() {
        line.reschedule(({ data, arrivedUs, drawn }) => (data === null ? -Infinity : arrivedUs + delayUs(attributes, drawn)));
        brim.look();
      },
      release: () => line.release(),
      stop: () => line.stop(),
    };
  },
};
