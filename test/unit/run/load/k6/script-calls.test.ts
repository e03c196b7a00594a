import { expect, it } from 'vitest';
import type { RequestTemplate } from '../../../../../harness/model/load.ts';
import { callMatcher, originsOf, wantedBodies } from '../../../../../harness/run/load/k6/script-calls.ts';
import { wrapperOf } from '../../../../../harness/run/load/k6/script-wrapper.ts';

const template = (name: string, path: string, more: Partial<RequestTemplate> = {}): RequestTemplate => ({
  name,
  method: 'GET',
  path,
  weight: 1,
  headers: {},
  timeoutMs: 1000,
  ...more,
});

const requests = [
  template('quote', '/quote/{sku}'),
  template('best', '/quote/best'),
  template('order', '/orders?dry=1', { method: 'POST', schema: { type: 'object' } }),
  template('part', '/v1.0/{shop}/part-{id}', { observe: { value: '/a' } }),
];
const origins = originsOf({ host: '127.0.0.1', port: 8080 });
const nameOf = (method: string, url: string): string | null => callMatcher(requests, origins)(method, url)?.name ?? null;

it.each([
  ['GET', 'http://127.0.0.1:8080/quote/lamp', 'quote'],
  ['GET', 'http://localhost:8080/quote/l%C3%A4mp?currency=EUR#top', 'quote'],
  ['GET', 'http://127.0.0.1:8080/quote/best', 'best'],
  ['POST', 'http://127.0.0.1:8080/orders', 'order'],
  ['GET', 'http://127.0.0.1:8080/v1.0/north/part-7', 'part'],
])('knows %s %s as %s', (method, url, name) => {
  expect(nameOf(method, url)).toBe(name);
});

it.each([
  ['another method', 'POST', 'http://127.0.0.1:8080/quote/lamp'],
  ['a further part', 'GET', 'http://127.0.0.1:8080/quote/lamp/prices'],
  ['an empty part', 'GET', 'http://127.0.0.1:8080/quote/'],
  ['a dot that is none', 'GET', 'http://127.0.0.1:8080/v1x0/north/part-7'],
  ['another port', 'GET', 'http://127.0.0.1:8081/quote/lamp'],
  ['another host', 'GET', 'http://elsewhere:8080/quote/lamp'],
  ['what is no URL', 'GET', 'quote/lamp'],
])('leaves %s to nobody', (_, method, url) => {
  expect(nameOf(method, url)).toBeNull();
});

it('asks for the bodies that somebody reads, by patterns that RE2 reads as well', () => {
  expect(wantedBodies(requests)).toEqual([
    { method: 'POST', path: '^/orders$' },
    { method: 'GET', path: '^/v1\\.0/[^/]+/part-[^/]+$' },
  ]);
});

it('takes a name on a containers’ network as it is', () => {
  expect(originsOf({ host: 'gateway', port: 8080 })).toEqual(['http://gateway:8080']);
  expect(origins).toEqual(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080']);
});

it('wraps what scenarios execute, and hands on all else', () => {
  expect(wrapperOf('/home/a b/load/checkout.js', ['buy', 'default'])).toBe(
    [
      "import halfopen from 'k6/x/halfopen';",
      'import * as script from "file:///home/a%20b/load/checkout.js";',
      'export * from "file:///home/a%20b/load/checkout.js";',
      'export default halfopen.wrap(script.default);',
      'const executed0 = halfopen.wrap(script["buy"]);',
      'export { executed0 as buy };',
      '',
    ].join('\n'),
  );
});

it('puts no text of a script’s options into code that is no name', () => {
  expect(wrapperOf('/a.js', ['x as y }; throw 1; export { z'])).not.toContain('throw');
});
