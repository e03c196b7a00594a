import type { LoadKind } from '../../model/catalogue.ts';
import type { ClockSampled, DriverTold, HealthReported, Marked, ScreenshotTaken, StepTaken, ThresholdJudged } from '../../model/event.ts';
import type { NewEvent } from '../../model/sink.ts';
import type { Plan } from '../../model/plan.ts';
import type { RequestRow } from '../../model/recording.ts';
import type { Address, Inside } from '../environments/contract.ts';
import type { Ledger } from '../ledger/contract.ts';
import type { RunClock } from '../clock.ts';

/** What a driver may say of itself and of what it saw, beside rows and health. */
export type LoadEvent = NewEvent<DriverTold | ThresholdJudged | Marked | StepTaken | ScreenshotTaken | ClockSampled>;

export interface LoadContext {
  readonly plan: Plan;
  /** Which arrivals of the plan's schedule are this driver's, by ordinal, in order of time. The others are another's. */
  readonly ordinals: Uint32Array;
  /** Whether this driver asks the sentinel; one of those that take part does. */
  readonly asksSentinel: boolean;
  readonly entry: Address;
  readonly sentinel: Address;
  /** Where a driver can run among the services; absent where they have no network of their own. */
  readonly inside?: Inside;
  readonly clock: RunClock;
  readonly runId: string;
  /** Folder of this run; side files go there. */
  readonly runFolder: string;
  /** What is made anywhere else is written down there first. */
  readonly ledger: Pick<Ledger, 'note' | 'strike'>;
  /** Folder that paths of scripts and journeys count from. */
  readonly projectFolder: string;
  readonly redact: (text: string) => string;
  readonly signal: AbortSignal;
  onRequests(rows: readonly RequestRow[]): void;
  onHealth(event: NewEvent<HealthReported>): void;
  onEvent(event: LoadEvent): void;
}

/** A driver that is warm and waits for its start. Disposing it ends its process. */
export interface RunningLoad extends AsyncDisposable {
  /** The schedule's zero, in microseconds since run start; at least 50 ms ahead. */
  begin(atUs: number): void;
  /** Resolves when every arrival has ended; rejects with HarnessError when the driver died. */
  readonly ended: Promise<{ readonly scheduled: number; readonly sent: number }>;
  /** Sends nothing more and ends what is in flight as `aborted`; `ended` resolves soon after. */
  stop(): void;
  /** Hears what happens in the run: phases, steps of faults, moves of breakers. */
  notice?(event: NewEvent): void;
}

/** What a driver looks at before anything is started. */
export type LoadCheck = Pick<LoadContext, 'plan' | 'projectFolder' | 'signal'>;

export interface LoadDriver extends LoadKind {
  /**
   * Finds out whether it can run here.
   *
   * @throws {UsageError} if something is missing that the user can mend: a program, a browser, a script that does not compile
   */
  check?(context: LoadCheck): Promise<void>;
  start(context: LoadContext): Promise<RunningLoad>;
}
