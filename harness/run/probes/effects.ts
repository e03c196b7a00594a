import type { EffectRow } from '../../model/recording.ts';
import type { Sink } from '../../model/sink.ts';
import type { RunClock } from '../clock.ts';
import type { ServiceLine } from '../environments/contract.ts';
import { readServiceLine, statedUs } from './service-line.ts';

/** The effect that a line reports, or null if it reports none that can be read. */
export function readEffect(line: ServiceLine, clock: Pick<RunClock, 'originUs'>): Omit<EffectRow, 'id'> | null {
  const statement = readServiceLine(line.text);
  if (statement?.about !== 'effect') return null;
  const { effect, key, traceId, monoNs } = statement;
  return { atUs: statedUs(monoNs, line.atUs, clock.originUs), service: line.service, effect, key, traceId };
}

/**
 * Records the effects that services report. A line that was meant to report one and cannot be read is lost evidence:
 * without it, "at most once" could pass by mistake. Disposing it says how many there were.
 */
export function watchEffects({
  clock,
  sink,
}: {
  readonly clock: RunClock;
  readonly sink: Sink;
}): Disposable & { onLine(line: ServiceLine): void } {
  let unreadable = 0;
  return {
    onLine(line) {
      const effect = readEffect(line, clock);
      if (effect !== null) return sink({ table: 'effects', row: effect });
      const statement = readServiceLine(line.text);
      if (statement?.about === 'garbage' && statement.meant === 'effect') unreadable++;
    },
    [Symbol.dispose]() {
      if (unreadable === 0) return;
      sink({
        table: 'events',
        row: { kind: 'lost', atUs: clock.nowUs(), what: 'effect lines that cannot be read', count: unreadable, limit: 0 },
      });
      unreadable = 0;
    },
  };
}
