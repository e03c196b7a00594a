import { monotonicUs } from '../../clock.ts';

const SAMPLES = 8;

/** Another process's clock against this one's, in microseconds: what it is ahead, and what the way of the question leaves open. */
export interface ClockReading {
  readonly offsetUs: number;
  readonly uncertaintyUs: number;
}

/** Asks several times and believes the shortest way there and back. */
export async function readClock(ask: (id: number) => Promise<number>): Promise<ClockReading> {
  let best: ClockReading = { offsetUs: 0, uncertaintyUs: Infinity };
  for (let id = 0; id < SAMPLES; id++) {
    const askedUs = monotonicUs();
    const at = await ask(id);
    const answeredUs = monotonicUs();
    const uncertaintyUs = Math.ceil((answeredUs - askedUs) / 2);
    if (uncertaintyUs < best.uncertaintyUs) best = { offsetUs: Math.round(at - (askedUs + answeredUs) / 2), uncertaintyUs };
  }
  return best;
}

/** What to subtract from the other's moments: two clocks whose difference is below what the question leaves open are one. */
export function shiftOf({ offsetUs, uncertaintyUs }: ClockReading): number {
  return Math.abs(offsetUs) <= uncertaintyUs ? 0 : offsetUs;
}
