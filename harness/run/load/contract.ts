import type { Kind } from '../../model/catalogue.ts';
import type { NewEvent } from '../../model/sink.ts';
import type { HealthReported } from '../../model/event.ts';
import type { Plan } from '../../model/plan.ts';
import type { RequestRow } from '../../model/recording.ts';
import type { Address } from '../environments/contract.ts';
import type { RunClock } from '../clock.ts';

export interface LoadContext {
  readonly plan: Plan;
  readonly entry: Address;
  readonly sentinel: Address;
  readonly clock: RunClock;
  readonly runId: string;
  readonly signal: AbortSignal;
  onRequests(rows: readonly RequestRow[]): void;
  onHealth(event: NewEvent<HealthReported>): void;
}

/** A driver that is warm and waits for its start. Disposing it ends its process. */
export interface RunningLoad extends AsyncDisposable {
  /** The schedule's zero, in microseconds since run start; at least 50 ms ahead. */
  begin(atUs: number): void;
  /** Resolves when every arrival has ended; rejects with HarnessError when the driver died. */
  readonly ended: Promise<{ readonly scheduled: number; readonly sent: number }>;
  /** Sends nothing more and ends what is in flight as `aborted`; `ended` resolves soon after. */
  stop(): void;
}

export interface LoadDriver extends Kind {
  start(context: LoadContext): Promise<RunningLoad>;
}
