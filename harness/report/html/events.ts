import type { RunEvent } from '../../model/event.ts';
import type { Axis } from './axis.ts';
import { spread } from './evidence.ts';
import type { EventView } from './payload.ts';

/** Most events that a report lists. */
const MAX_EVENTS = 1500;

/** The run's log: everything but the periodic samples, and whatever is cited. */
export function eventViews(events: readonly RunEvent[], cited: ReadonlySet<number>, axis: Axis): EventView[] {
  const worth = events.filter(
    (event) => cited.has(event.id) || !(event.kind === 'readiness' || event.kind === 'health' || event.kind === 'machine'),
  );
  return spread(worth, MAX_EVENTS).map((event) => ({ id: event.id, atMs: axis.ms(event.atUs), kind: event.kind, ...wordsOf(event) }));
}

/** What an event is about and what it says, without interpretation. */
function wordsOf(event: RunEvent): { readonly subject: string; readonly text: string } {
  switch (event.kind) {
    case 'load-started':
      return { subject: 'load', text: 'started' };
    case 'load-ended':
      return { subject: 'load', text: `ended: ${event.sent} of ${event.scheduled} sent` };
    case 'phase':
      return { subject: event.phase, text: 'began' };
    case 'fault': {
      const count = event.touched === undefined ? '' : `, ${event.touched} touched so far`;
      const reason = event.reason === undefined ? '' : `: ${event.reason}`;
      return {
        subject: event.fault,
        text: `${event.step.replace('-', ' ')}${event.occurrence > 0 ? ` (occurrence ${event.occurrence + 1})` : ''}${count}${reason}`,
      };
    }
    case 'breaker':
      return { subject: event.breaker, text: `${event.from} → ${event.to}` };
    case 'service':
      return { subject: event.service, text: event.detail === undefined ? event.state : `${event.state}: ${event.detail}` };
    case 'readiness':
      return {
        subject: event.service,
        text: `${event.ready ? 'ready' : 'not ready'} (${event.status === 0 ? 'no answer' : event.status})`,
      };
    case 'health':
      return { subject: event.part, text: `event loop delay p99 ${event.loopDelayP99Ms} ms, CPU ${Math.round(event.cpuRatio * 100)} %` };
    case 'machine':
      return { subject: 'machine', text: pairs(event.values) };
    case 'probe':
      return {
        subject: event.breaker,
        text: event.detail === undefined ? `probe ${event.state}` : `probe ${event.state}: ${event.detail}`,
      };
    case 'clock':
      return { subject: event.source, text: `clock off by ${event.offsetUs} µs, ± ${event.uncertaintyUs} µs` };
    case 'environment':
      return { subject: event.subject, text: event.detail };
    case 'canary': {
      const shows = event.isBitten === null ? 'cannot tell' : event.isBitten ? 'shows the fault' : 'does not show it';
      const met = `canary on ${event.edge} ${event.moment}: ${event.outcome} after ${Math.round(event.durationMs)} ms`;
      return { subject: event.fault, text: `${met}, ${shows}` };
    }
    case 'driver':
      return { subject: event.instance, text: `${event.what}: ${event.detail}` };
    case 'threshold': {
      const met = event.isMet === null ? 'no samples' : event.isMet ? 'met' : 'crossed';
      const value = event.value === undefined ? '' : ` (${event.value})`;
      return { subject: event.metric, text: `${event.condition} ${met}${value}, ${event.phase}, by ${event.judgedBy}` };
    }
    case 'mark':
      return { subject: event.name, text: event.detail ?? 'marked' };
    case 'step':
      return { subject: event.journey, text: `${event.step}: ${event.outcome}${event.reason === undefined ? '' : `: ${event.reason}`}` };
    case 'screenshot':
      return { subject: event.journey, text: `picture of ${event.subject}: ${event.file}` };
    case 'lost':
      return { subject: event.what, text: `${event.count} lost (limit ${event.limit})` };
    case 'run-ended':
      return { subject: 'run', text: event.reason === undefined ? event.how : `${event.how}: ${event.reason}` };
  }
}

function pairs(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}
