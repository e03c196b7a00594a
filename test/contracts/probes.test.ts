import { describe, expect, it } from 'vitest';
import { POWERS } from '../../harness/model/plan.ts';
import { shapeProblems } from '../../harness/model/shape.ts';
import type { NewEvent } from '../../harness/model/sink.ts';
import { startClock } from '../../harness/run/clock.ts';
import { probeDrivers } from '../../harness/run/probes/index.ts';
import { stdoutEvents } from '../../harness/run/probes/stdout.ts';

/** One of each kind, as its constructor makes it; a new row needs one here. */
const examples: Readonly<Record<keyof typeof probeDrivers, readonly { readonly kind: string }[]>> = {
  'stdout-events': [stdoutEvents(), stdoutEvents({ name: 'payments' })],
};
const noNames = { service: [], edge: [], breaker: [], fault: [], request: [] };
const rows = Object.entries(probeDrivers).flatMap(([kind, driver]) =>
  examples[kind as keyof typeof probeDrivers].map((probe) => ({ kind, driver, probe })),
);

it('every kind of probe has an example', () => {
  expect(rows.length).toBeGreaterThanOrEqual(Object.keys(probeDrivers).length);
  expect(rows.length).toBeGreaterThan(0);
});

describe.each(rows)('probe $kind', ({ kind, driver, probe }) => {
  it('stands in the table under its own kind and declares needs, observer effect and description', () => {
    expect([driver.kind, probe.kind]).toEqual([kind, kind]);
    expect(driver.needs.filter((power) => !POWERS.includes(power))).toEqual([]);
    expect(driver.describe(probe)).not.toBe('');
    expect(driver.observerEffect).not.toBe('');
  });

  it('survives JSON and fits its schema, which refuses an unknown field', () => {
    expect(JSON.parse(JSON.stringify(probe))).toEqual(probe);
    expect(shapeProblems(probe, driver.schema, noNames, 'probe', ['kind'])).toEqual([]);
    expect(shapeProblems({ ...probe, nmae: 'x' }, driver.schema, noNames, 'probe', ['kind'])).toHaveLength(1);
  });

  it('that hears nothing invents no state and says that it was silent; that hears garbage does not throw', () => {
    const events: NewEvent[] = [];
    const declaration = { service: 'orders', edge: 'orders->payments', probe };
    const watch = driver.watch({
      breaker: 'orders.payments',
      declaration,
      clock: startClock(),
      sink: (record) => {
        if (record.table === 'events') events.push(record.row);
      },
    });
    for (const text of ['', 'null', '[]', '{"halfopen":null}', '{"halfopen":"breaker","state":{}}', '\u0000', '{"halfopen"']) {
      watch.onLine({ service: 'orders', instance: 'orders-1', atUs: 1, text });
    }
    watch.onProcess({ service: 'orders', instance: 'orders-1', atUs: 2, state: 'exited', detail: '' });
    watch[Symbol.dispose]();
    expect(events.filter(({ kind: what }) => what === 'breaker')).toEqual([]);
    expect(events.some((event) => event.kind === 'probe' && event.state === 'silent')).toBe(true);
  });
});
