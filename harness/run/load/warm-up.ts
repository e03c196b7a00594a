import type { Outcome } from '../../model/load.ts';
import type { RequestRow } from '../../model/recording.ts';

const WARM_UP = { requests: 400, width: 8, withinUs: 10_000_000 } as const;

type SendWarmUp = (ordinal: number, record: (row: RequestRow) => void) => void;

/** A cold driver sends its first requests tens of milliseconds late (JIT, first connections). */
export async function warmUp(send: SendWarmUp, nowUs: () => number): Promise<void> {
  const deadlineUs = nowUs() + WARM_UP.withinUs;
  const seen = new Map<Outcome, number>();
  let ordinal = 0;
  const sendOne = (): Promise<void> =>
    new Promise((resolve) =>
      send(ordinal++, (row) => {
        seen.set(row.outcome, (seen.get(row.outcome) ?? 0) + 1);
        resolve();
      }),
    );
  const sendInTurn = async (): Promise<void> => {
    while (ordinal < WARM_UP.requests && nowUs() < deadlineUs) await sendOne();
  };
  await Promise.all(Array.from({ length: WARM_UP.width }, sendInTurn));
  if ((seen.get('ok') ?? 0) * 2 >= ordinal) return;
  const outcomes = [...seen].map(([outcome, count]) => `${outcome} ${count} times`).join(', ');
  throw new Error(`the sentinel did not answer as it should: ${outcomes}`);
}
