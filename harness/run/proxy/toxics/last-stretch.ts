import { monotonicUs } from '../../clock.ts';

/** As many alarms are watched at once; what comes beyond makes do with a timer. */
const WATCHED = 256;
/** Share of one core that watching may take over time. */
const SHARE = 1 / 8;
/** What a quiet time saves up for, in microseconds of watching. */
const SAVED_US = 100_000;
/** What a turn of the event loop costs when nothing else happens in it; what others do in a turn is not charged. */
const TURN_US = 20;

/** Something that wants to be rung at a moment nearer than a timer can tell. */
export interface Watched {
  readonly atUs: number;
  ring(): void;
}

/**
 * Timers of the event loop count whole milliseconds. A short rest of the wait is watched turn by turn without blocking anybody, for all
 * alarms together, and only for so much of the processor's time.
 */
class LastStretch {
  readonly #watched = new Set<Watched>();
  #isTurning = false;
  #creditUs = SAVED_US;
  #lastUs = -Infinity;
  /** No alarm is due before that. */
  #soonestUs = Infinity;

  /** Takes an alarm over, or says no: there is not enough saved up to watch until its moment. */
  take(alarm: Watched, nowUs: number): boolean {
    this.#earn(nowUs);
    if (this.#creditUs < alarm.atUs - nowUs || this.#watched.size >= WATCHED) return false;
    this.#watched.add(alarm);
    this.#soonestUs = Math.min(this.#soonestUs, alarm.atUs);
    this.#goOn();
    return true;
  }

  drop(alarm: Watched): void {
    this.#watched.delete(alarm);
  }

  #earn(nowUs: number): void {
    this.#creditUs = Math.min(SAVED_US, this.#creditUs + Math.max(0, nowUs - this.#lastUs) * SHARE);
    this.#lastUs = nowUs;
  }

  readonly #look = (): void => {
    this.#isTurning = false;
    const nowUs = monotonicUs();
    const spentUs = Math.min(TURN_US, nowUs - this.#lastUs);
    this.#earn(nowUs);
    this.#creditUs -= spentUs;
    if (nowUs >= this.#soonestUs) this.#ringDue(nowUs);
    if (this.#watched.size > 0) this.#goOn();
  };

  #goOn(): void {
    if (this.#isTurning) return;
    this.#isTurning = true;
    setImmediate(this.#look);
  }

  #ringDue(nowUs: number): void {
    this.#soonestUs = Infinity;
    for (const alarm of this.#watched) {
      if (alarm.atUs > nowUs) this.#soonestUs = Math.min(this.#soonestUs, alarm.atUs);
      // One that was rung just now may have dropped this one.
      else if (this.#watched.delete(alarm)) alarm.ring();
    }
  }
}

/** One for the process: the processor is shared by all. */
export const lastStretch = new LastStretch();
