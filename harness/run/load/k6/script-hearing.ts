import type { ScriptLoad } from '../../../model/load.ts';
import type { PhaseName } from '../../../model/plan.ts';
import type { NewEvent } from '../../../model/sink.ts';
import type { LoadContext } from '../contract.ts';
import type { Totals } from '../messages.ts';
import { healthReader } from './health.ts';
import type { End, FromK6, MarkSet, Sample } from './protocol.ts';
import { callMatcher, originsOf } from './script-calls.ts';
import type { InspectedScript } from './script-inspect.ts';
import type { Source } from './script-iterations.ts';
import { openLedger, type CallLedger } from './script-ledger.ts';
import { exceptionEvents, shortcomingsOf, thresholdEvents } from './script-words.ts';
import { watchThresholds } from './thresholds.ts';

/** After so long nothing earlier is still to be heard of, in microseconds: lines wait some milliseconds, drops for k6's next batch. */
const SETTLED_AFTER_US = 500_000;

/** What is heard of a script's processes, and what becomes of it: rows, health, marks, thresholds. */
export interface Hearing {
  take(from: Source, record: FromK6): void;
  /** The load's zero; only calls from then on, and before the timeline's end, are arrivals. */
  begin(atUs: number): void;
  /** Hands over the rows that are complete, and says whether all calls of the timeline have ended. */
  settle(instances: readonly string[]): boolean;
  /** Hands over all other rows, and judges what is left to judge; null where the load never began. */
  close(end: HearingEnd): Totals | null;
}

export interface HearingEnd {
  /** When the harness stopped it; null where it ended by itself. */
  readonly stoppedUs: number | null;
  readonly endedUs: number;
  readonly instances: readonly string[];
}

export interface HearingOptions {
  readonly context: LoadContext;
  readonly load: ScriptLoad;
  readonly script: InspectedScript;
}

export function openHearing({ context, load, script }: HearingOptions): Hearing {
  const { plan, clock } = context;
  const totalUs = plan.phases.at(-1)?.toUs ?? 0;
  const thresholds = watchThresholds(script.thresholds);
  const heardUs = new Map<string, number>();
  const crossed = new Map<string, NonNullable<End['crossed']>>();
  const healthOf = new Map<string, ReturnType<typeof healthReader>>();
  let ledger: CallLedger | null = null;
  let beganUs = Infinity;

  const phaseAt = (atUs: number): PhaseName | null =>
    plan.phases.find(({ fromUs, toUs }) => atUs >= beganUs + fromUs && atUs < beganUs + toUs)?.name ?? null;
  const readHealth = (from: Source, own: CallLedger): ReturnType<typeof healthReader> => {
    const reader = healthOf.get(from.instance) ?? healthReader(own, from.toRunUs);
    healthOf.set(from.instance, reader);
    return reader;
  };
  const settledUs = (instances: readonly string[]): number =>
    Math.min(...instances.map((instance) => heardUs.get(instance) ?? 0)) - SETTLED_AFTER_US;
  const handOver = (rows: ReturnType<CallLedger['settle']>): void => {
    if (rows.length > 0) context.onRequests(rows);
  };
  const judgeAll = (own: CallLedger, { stoppedUs, endedUs, instances }: HearingEnd): void => {
    const [first = ''] = instances;
    // Of several processes each has judged its own part only.
    const byK6 = instances.length === 1 ? (crossed.get(first) ?? null) : null;
    const events = [...thresholdEvents({ thresholds, plan, beganUs, endedUs, crossed: byK6 }), ...exceptionEvents(own.iterations())];
    for (const event of events) context.onEvent({ ...event, atUs: clock.nowUs() });
    const earlyUs = stoppedUs === null ? beganUs + totalUs - endedUs : 0;
    for (const detail of shortcomingsOf({ script, ledger: own, cutShort: thresholds.cutShort(), earlyUs })) {
      context.onEvent({ kind: 'driver', atUs: clock.nowUs(), driver: 'k6', instance: first, what: 'degraded', detail });
    }
  };
  return {
    take(from, record) {
      if (record.t === 'sample') return thresholds.add(record, phaseAt(from.toRunUs(momentOf(record))));
      if ('at' in record) heardUs.set(from.instance, Math.max(heardUs.get(from.instance) ?? 0, from.toRunUs(record.at)));
      if (record.t === 'end') crossed.set(from.instance, record.crossed ?? {});
      else if (record.t === 'mark') context.onEvent(markEvent(record, from, context.redact));
      else if (ledger === null) return;
      else if (record.t === 'health') context.onHealth(readHealth(from, ledger)(record));
      else ledger.read(record, from);
    },
    begin(atUs) {
      beganUs = atUs;
      const match = callMatcher(load.requests, originsOf(context.inside?.entry ?? context.entry));
      const { scenarios } = script;
      const { redact } = context;
      ledger = openLedger({ scenarios, requests: load.requests, match, redact, beganUs, endsUs: beganUs + totalUs, phaseAt });
    },
    settle(instances) {
      if (ledger === null) return false;
      handOver(ledger.settle(settledUs(instances)));
      return settledUs(instances) > beganUs + totalUs && ledger.counts().inFlight === 0;
    },
    close(end) {
      if (ledger === null) return null;
      handOver(ledger.close(end.stoppedUs ?? end.endedUs));
      judgeAll(ledger, end);
      const { rows, sent } = ledger.counts();
      return { scheduled: rows, sent };
    },
  };
}

/** A call counts where it began: k6 samples it at its end. */
function momentOf({ from, at }: Sample): number {
  return from ?? at;
}

function markEvent(
  { at, name, detail }: MarkSet,
  { instance, toRunUs }: Source,
  redact: (text: string) => string,
): NewEvent & { kind: 'mark' } {
  const more = detail === undefined ? {} : { detail: redact(detail) };
  return { kind: 'mark', atUs: Math.round(toRunUs(at)), instance, name: redact(name), ...more };
}
