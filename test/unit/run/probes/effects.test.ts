import { describe, expect, it } from 'vitest';
import type { SinkRecord } from '../../../../harness/model/sink.ts';
import type { RunClock } from '../../../../harness/run/clock.ts';
import { readEffect, watchEffects } from '../../../../harness/run/probes/effects.ts';

const clock: RunClock = { originUs: 0, nowUs: () => 777, until: () => Promise.resolve() };
const said = (text: string) => ({ service: 'payments', instance: 'payments-1', atUs: 50, text });

describe('effects on stdout', () => {
  it('are read with their key and trace id, at the moment that the service states', () => {
    const text = JSON.stringify({ halfopen: 'effect', effect: 'charge', key: 'order-7', traceId: 'ab', monoNs: '40000' });
    expect(readEffect(said(text), clock)).toEqual({ atUs: 40, service: 'payments', effect: 'charge', key: 'order-7', traceId: 'ab' });
  });

  it('are not read out of other lines', () => {
    expect(readEffect(said('charged order-7'), clock)).toBeNull();
    expect(readEffect(said('{"halfopen":"breaker","name":"a","state":"open"}'), clock)).toBeNull();
    expect(readEffect(said('{"halfopen":"effect","effect":"charge"}'), clock)).toBeNull();
  });

  it('that cannot be read are lost evidence, and said to be', () => {
    const records: SinkRecord[] = [];
    const effects = watchEffects({ clock, sink: (record) => records.push(record) });
    effects.onLine(said('{"halfopen":"effect","effect":"charge","key":"1"}'));
    effects.onLine(said('{"halfopen":"effect","effect":"charge","ke'));
    effects.onLine(said('{"halfopen":"breaker","na'));
    effects[Symbol.dispose]();
    effects[Symbol.dispose]();
    expect(records.map(({ table }) => table)).toEqual(['effects', 'events']);
    expect(records[1]?.row).toEqual({ kind: 'lost', atUs: 777, what: 'effect lines that cannot be read', count: 1, limit: 0 });
  });
});
