import { clockShiftUs, isOneClock, type ClockSample } from '../model/clock.ts';
import type { ClockSampled, RunEvent } from '../model/event.ts';
import type { Span } from './evidence.ts';

/**
 * By how much the proxy's times may be off from the run's, in microseconds; 0 where both have one clock. Its rows were mapped by the first sample:
 * what later ones are away from that, and what each leaves open, is what nobody knows.
 */
export function proxyClockUncertaintyUs(events: readonly RunEvent[]): number {
  const samples = events.filter((event): event is ClockSampled => event.kind === 'clock' && event.source === 'proxy');
  const [first] = samples;
  if (first === undefined || samples.every(isOneClock)) return 0;
  const mappedByUs = clockShiftUs(first);
  const open = ({ offsetUs, uncertaintyUs }: ClockSample): number => Math.abs(offsetUs - mappedByUs) + uncertaintyUs;
  return Math.max(...samples.map(open));
}

/** What surely lies in a span of the run by a clock that may be off by so much; it ends before it begins where nothing does. */
export function surelyWithin({ fromUs, toUs }: Span, uncertaintyUs: number): Span {
  return { fromUs: fromUs + uncertaintyUs, toUs: toUs - uncertaintyUs };
}

/** What may lie in it. */
export function possiblyWithin({ fromUs, toUs }: Span, uncertaintyUs: number): Span {
  return { fromUs: fromUs - uncertaintyUs, toUs: toUs + uncertaintyUs };
}
