/** Another clock against this one, in microseconds: ahead of it by `offsetUs`, give or take `uncertaintyUs`. */
export interface ClockSample {
  readonly offsetUs: number;
  readonly uncertaintyUs: number;
}

/**
 * A sample as fine as this tells one clock from two, in microseconds. Monotonic clocks count from their machine's boot: no two machines
 * boot within a tenth of a second of each other by chance.
 */
const TELLING_US = 100_000;

/** Whether both are the same clock: as far as the sample tells, there is nothing between them. */
export function isOneClock({ offsetUs, uncertaintyUs }: ClockSample): boolean {
  return uncertaintyUs <= TELLING_US && Math.abs(offsetUs) <= uncertaintyUs;
}

/** What must be taken from the other clock's times: nothing where it is the same clock, since a sample is less exact than that. */
export function clockShiftUs(sample: ClockSample): number {
  return isOneClock(sample) ? 0 : sample.offsetUs;
}
