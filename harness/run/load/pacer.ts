/** Sends things at their moments, whatever else happens. */
export interface Pace {
  nowUs(): number;
  /** When the next one is due, in microseconds on the same clock; null when there is none left. */
  dueUs(): number | null;
  /** Sends the one that is due; must not wait. */
  fire(): void;
  /** Nothing is left. */
  onDone(): void;
}

/** Timers wake on whole milliseconds and late; the last stretch is spun, in microseconds. */
const SPIN_UNDER_US = 1500;
/** Share of the time that may be spun: the services under test run on the same cores. */
const SPIN_SHARE = 0.15;
const SPIN_CREDIT_US = 5000;
/** After so many at once, answers are read before the rest is sent. */
const LARGEST_BURST = 64;

/**
 * Starts the loop. What is overdue is caught up at once, in order; nothing is dropped and nothing waits for an answer.
 * Returns the function that stops it.
 */
export function startPace({ nowUs, dueUs, fire, onDone }: Pace): () => void {
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const beganUs = nowUs();
  let spunUs = 0;
  let lastSpinUs: number | null = null;

  const turn = (): void => {
    if (isStopped) return;
    const turnUs = nowUs();
    if (lastSpinUs !== null) spunUs += turnUs - lastSpinUs;
    lastSpinUs = null;
    let due = dueUs();
    for (let burst = 0; due !== null && due <= nowUs(); burst++) {
      if (burst === LARGEST_BURST) {
        setImmediate(turn);
        return;
      }
      fire();
      if (isStopped) return;
      due = dueUs();
    }
    if (due === null) onDone();
    else sleep(due - nowUs());
  };
  const sleep = (leftUs: number): void => {
    if (leftUs > SPIN_UNDER_US) {
      timer = setTimeout(turn, Math.max(1, Math.floor(leftUs / 1000 - 1)));
      return;
    }
    const hereUs = nowUs();
    if (spunUs > SPIN_SHARE * (hereUs - beganUs) + SPIN_CREDIT_US) {
      timer = setTimeout(turn, 1);
      return;
    }
    lastSpinUs = hereUs;
    setImmediate(turn);
  };

  turn();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}
