import type { ProbeKind } from '../../model/catalogue.ts';
import type { BreakerDeclaration } from '../../model/system.ts';
import type { Sink } from '../../model/sink.ts';
import type { RunClock } from '../clock.ts';
import type { ServiceLine, ServiceProcessEvent } from '../environments/contract.ts';

/** What a probe watches through; the lines and process events are those of the breaker's service. */
export interface ProbeContext {
  readonly breaker: string;
  readonly declaration: BreakerDeclaration;
  readonly clock: RunClock;
  readonly sink: Sink;
}

/** A probe at work on one breaker. */
export interface Watch extends Disposable {
  onLine(line: ServiceLine): void;
  onProcess(event: ServiceProcessEvent): void;
}

export interface ProbeDriver extends ProbeKind {
  watch(context: ProbeContext): Watch;
}
