import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { OpenLoad } from '../../../harness/model/load.ts';
import { constant, del, get, openLoad, poisson, post, put, ramp, request, spike } from '../../../harness/scenario/load.ts';

const ping = get('ping', '/ping');

describe('a load is plain data', () => {
  test('it survives JSON, its names are types, and what is left out has its default', () => {
    const load = openLoad({
      ratePerSecond: 60,
      requests: [
        get('quote', '/quote/{sku}', { weight: 3, observe: { degraded: ['/a', '/b'], value: '/fee/amount' } }),
        post('order', '/orders', { body: { id: '{uuid}' } }),
      ],
      values: { sku: ['tea'] },
    });
    expectTypeOf(load).toEqualTypeOf<OpenLoad<'quote' | 'order'>>();
    expect(JSON.parse(JSON.stringify(load))).toEqual(load);
    expect(load.arrivals).toEqual({ kind: 'constant', ratePerSecond: 60 });
    expect(load.requests[1]).toEqual({
      name: 'order',
      method: 'POST',
      path: '/orders',
      weight: 1,
      headers: {},
      body: { id: '{uuid}' },
      timeoutMs: 5000,
    });
  });

  test('each method has its constructor', () => {
    const methods = [ping, post('a', '/'), put('a', '/'), del('a', '/'), request('a', '/', { method: 'PATCH' })].map(
      ({ method }) => method,
    );
    expect(methods).toEqual(['GET', 'POST', 'PUT', 'DELETE', 'PATCH']);
  });

  test('a zod schema is kept as the JSON Schema of what it accepts: further fields are allowed', () => {
    const { schema } = get('r', '/', { schema: z.object({ amount: z.number(), note: z.string().default('') }) });
    expect(schema).toMatchObject({ type: 'object', required: ['amount'] });
    expect(schema).not.toHaveProperty('additionalProperties');
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  });

  test('a JSON Schema is kept as it is', () => {
    const schema = { type: 'object', required: ['amount'] };
    expect(get('r', '/', { schema }).schema).toEqual(schema);
  });
});

test.each([
  ['a name with a space', () => get('my quote', '/'), /'name' must be letters/],
  ['a path without a slash', () => get('r', 'quote'), /'path' must start with '\/'/],
  ['a path with a space', () => get('r', '/a b'), /'path' must start with '\/'/],
  ['a method in small letters', () => request('r', '/', { method: 'patch' }), /'method' must be an HTTP method in capitals/],
  ['a weight of 0', () => get('r', '/', { weight: 0 }), /'weight' must be a number above 0: current value is 0/],
  ['a weight that is none', () => get('r', '/', { weight: Number.NaN }), /'weight'/],
  ['a timeout of 0', () => get('r', '/', { timeout: 0 }), /'timeout' must be from 1/],
  ['a timeout that is none', () => get('r', '/', { timeout: 'soon' as '1s' }), /'timeout' must be milliseconds or a text/],
  ['the driver’s own header', () => get('r', '/', { headers: { TraceParent: 'x' } }), /must leave traceparent/],
  ['a header with a line break', () => get('r', '/', { headers: { 'x-a': 'b\r\nc: d' } }), /'headers.x-a' must be text/],
  [
    'a body with a date',
    () => post('r', '/', { body: { at: [new Date(0)] } }),
    /'body.at\[0\]' must be a JSON value: current value is a Date/,
  ],
  [
    'a body with a function',
    () => post('r', '/', { body: { at: () => 1 } }),
    /'body.at' must be a JSON value: current value is a function/,
  ],
  ['a pointer without a slash', () => get('r', '/', { observe: { value: 'fee' } }), /'observe.value' must be a JSON pointer/],
  ['an unknown observation', () => get('r', '/', { observe: { values: '/fee' } as object }), /'observe' must hold only/],
  ['a zod schema with a transform on what comes in', () => get('r', '/', { schema: z.date() }), /'schema' must have a JSON Schema/],
  [
    'a Standard Schema without a JSON Schema',
    () => get('r', '/', { schema: { '~standard': { vendor: 'homemade' } } }),
    /a schema of 'homemade' that does not offer one/,
  ],
  ['no request', () => openLoad({ ratePerSecond: 1, requests: [] }), /'requests' must hold at least one request/],
  [
    'two requests of one name',
    () => openLoad({ ratePerSecond: 1, requests: [ping, get('ping', '/b')] }),
    /must have different names: current value is "ping" twice/,
  ],
  [
    'a misspelt placeholder',
    () => openLoad({ ratePerSecond: 1, requests: [get('r', '/{skuu}')], values: { sku: ['a'] } }),
    /'\{skuu\}' in the path of 'r' must be one of .*did you mean \{sku\}/,
  ],
  [
    'an unknown placeholder in a header',
    () => openLoad({ ratePerSecond: 1, requests: [get('r', '/', { headers: { a: '{who}' } })] }),
    /'\{who\}' in the headers of 'r'/,
  ],
  [
    'an unknown placeholder deep in a body',
    () => openLoad({ ratePerSecond: 1, requests: [post('r', '/', { body: [{ a: '{who}' }] })] }),
    /'\{who\}' in the body of 'r'/,
  ],
  [
    'an empty list of values',
    () => openLoad({ ratePerSecond: 1, requests: [ping], values: { sku: [] } }),
    /'values.sku' must be a list of texts/,
  ],
  [
    'values for a placeholder that is built in',
    () => openLoad({ ratePerSecond: 1, requests: [ping], values: { uuid: ['a'] } }),
    /not uuid or seq/,
  ],
  [
    'a header value that HTTP cannot carry',
    () => openLoad({ ratePerSecond: 1, requests: [get('r', '/', { headers: { a: '{sku}' } })], values: { sku: ['tée'] } }),
    /printable ASCII/,
  ],
  ['neither rate nor arrivals', () => openLoad({ requests: [ping] } as never), /exactly one of 'ratePerSecond' and 'arrivals'/],
  ['a rate of 0', () => constant(0), /'ratePerSecond' must be from 0.001 to 20000 arrivals a second: current value is 0/],
  ['a negative rate', () => openLoad({ ratePerSecond: -5, requests: [ping] }), /current value is -5/],
  ['a rate above the driver’s limit', () => poisson(20_001), /to 20000 arrivals a second/],
  ['a ramp between nothing and nothing', () => ramp({ from: 0, to: 0 }), /'to' must be from 0.001/],
  ['a spike without length', () => spike({ base: 1, peak: 2, from: 0, for: 0 }), /'for' must be at least 1 ms/],
])('%s is refused with a message that says what it must be', (_, declare, message) => {
  expect(declare).toThrow(message);
});
