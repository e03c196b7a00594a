import { LIMITS } from '../model/limits.ts';
import type { RequestTemplate } from '../model/load.ts';
import { show } from '../model/shape.ts';
import type { Observe } from '../model/system.ts';
import { milliseconds, type Duration } from '../model/time.ts';
import { jsonSchemaOf, type BodySchema } from './body-schema.ts';

/** What every kind of request may say. */
export interface RequestOptions {
  /** Share of the arrivals, against the other requests' weights. @default 1 */
  readonly weight?: number;
  /** Names are sent as written; `traceparent` is the driver's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON pointers: what the driver reads from each answer's body. */
  readonly observe?: Observe;
  /** When the client gives up, counted from the actual start. @default '5s' */
  readonly timeout?: Duration;
  /** What every 2xx body must match: a zod 4 schema or a JSON Schema. An answer that does not is `wrong`. */
  readonly schema?: BodySchema;
}

/** A request that carries a body: a JSON value; placeholders in its strings are filled in. */
export interface BodyOptions extends RequestOptions {
  readonly body?: unknown;
}

/** Headers that the driver or the connection decides. */
const RESERVED_HEADERS: readonly string[] = [
  'traceparent',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'upgrade',
  'expect',
];

/**
 * A GET request of the load. `{name}` in its path or headers takes a value of the load's list of that name, `{uuid}`
 * and `{seq}` (the arrival's ordinal) are always there.
 *
 * @throws {TypeError} if the path, a header or the schema cannot be used
 * @throws {RangeError} if the weight or the timeout is not positive
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { get } from 'halfopen';
 * const quote = get('quote', '/quote/{sku}', { weight: 3, timeout: '2s', observe: { degraded: '/_stale' } });
 * assert.equal(quote.timeoutMs, 2000);
 * ```
 */
export function get<const N extends string>(name: N, path: string, options: RequestOptions = {}): RequestTemplate<N> {
  return template(name, 'GET', path, options);
}

/**
 * A POST request of the load; its body is a JSON value, sent as `application/json`.
 *
 * @throws {TypeError} if the path, a header, the body or the schema cannot be used
 * @throws {RangeError} if the weight or the timeout is not positive
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { post } from 'halfopen';
 * const order = post('order', '/orders', { headers: { 'idempotency-key': '{uuid}' }, body: { sku: '{sku}', quantity: 1 } });
 * assert.equal(order.method, 'POST');
 * ```
 */
export function post<const N extends string>(name: N, path: string, options: BodyOptions = {}): RequestTemplate<N> {
  return template(name, 'POST', path, options);
}

/**
 * A PUT request of the load.
 *
 * @throws {TypeError} if the path, a header, the body or the schema cannot be used
 * @throws {RangeError} if the weight or the timeout is not positive
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { put } from 'halfopen';
 * assert.deepEqual(put('restock', '/stock/{sku}', { body: { count: 5 } }).body, { count: 5 });
 * ```
 */
export function put<const N extends string>(name: N, path: string, options: BodyOptions = {}): RequestTemplate<N> {
  return template(name, 'PUT', path, options);
}

/**
 * A DELETE request of the load.
 *
 * @throws {TypeError} if the path, a header or the schema cannot be used
 * @throws {RangeError} if the weight or the timeout is not positive
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { del } from 'halfopen';
 * assert.equal(del('empty-cart', '/carts/{uuid}').method, 'DELETE');
 * ```
 */
export function del<const N extends string>(name: N, path: string, options: RequestOptions = {}): RequestTemplate<N> {
  return template(name, 'DELETE', path, options);
}

/**
 * A request of the load with any other method.
 *
 * @throws {TypeError} if the method, the path, a header, the body or the schema cannot be used
 * @throws {RangeError} if the weight or the timeout is not positive
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { request } from 'halfopen';
 * assert.equal(request('rename', '/carts/{uuid}', { method: 'PATCH', body: { name: 'later' } }).weight, 1);
 * ```
 */
export function request<const N extends string>(
  name: N,
  path: string,
  { method, ...options }: BodyOptions & { readonly method: string },
): RequestTemplate<N> {
  return template(name, method, path, options);
}

function template<const N extends string>(name: N, method: string, path: string, options: BodyOptions): RequestTemplate<N> {
  const { weight = 1, headers = {}, body, observe, timeout = '5s', schema } = options;
  const what = `Cannot declare the request ${show(name)}`;
  if (typeof name !== 'string' || !/^[a-z0-9][a-z0-9_.-]*$/i.test(name)) {
    throw new TypeError(`${what} as 'name' must be letters, digits, '-', '_' or '.': current value is ${show(name)}`);
  }
  if (typeof method !== 'string' || !/^[A-Z]+$/.test(method) || method === 'CONNECT') {
    throw new TypeError(`${what} as 'method' must be an HTTP method in capitals, and not CONNECT: current value is ${show(method)}`);
  }
  if (typeof path !== 'string' || !/^\/[!-~]*$/.test(path) || path.includes('#')) {
    throw new TypeError(
      `${what} as 'path' must start with '/' and hold only printable ASCII without spaces or '#': current value is ${show(path)}`,
    );
  }
  if (!Number.isFinite(weight) || weight <= 0) {
    throw new RangeError(`${what} as 'weight' must be a number above 0: current value is ${show(weight)}`);
  }
  const timeoutMs = milliseconds(timeout, 'timeout');
  if (timeoutMs < 1 || timeoutMs > LIMITS.runMs) {
    throw new RangeError(`${what} as 'timeout' must be from 1 to ${LIMITS.runMs} ms: current value is ${show(timeout)}`);
  }
  checkHeaders(what, headers);
  const lossy = body === undefined ? undefined : lossyPlace(body, 'body');
  if (lossy !== undefined) throw new TypeError(`${what} as '${lossy.path}' must be a JSON value: current value is ${lossy.found}`);
  return {
    name,
    method,
    path,
    weight,
    headers,
    ...(body === undefined ? {} : { body }),
    timeoutMs,
    ...(observe === undefined ? {} : { observe: checkedPointers(what, observe) }),
    ...(schema === undefined ? {} : { schema: jsonSchemaOf(schema, what) }),
  };
}

function checkHeaders(what: string, headers: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(key))
      throw new TypeError(`${what} as 'headers' must have HTTP names: current value is ${show(key)}`);
    if (RESERVED_HEADERS.includes(key.toLowerCase())) {
      throw new TypeError(`${what} as 'headers' must leave ${RESERVED_HEADERS.join(', ')} to the driver: current value is ${show(key)}`);
    }
    if (typeof value !== 'string' || !/^[\t\x20-\x7e]*$/.test(value)) {
      throw new TypeError(`${what} as 'headers.${key}' must be text of printable ASCII: current value is ${show(value)}`);
    }
  }
}

function checkedPointers(what: string, observe: Observe): Observe {
  for (const [key, value] of Object.entries(observe) as readonly (readonly [string, unknown])[]) {
    if (!['degraded', 'value', 'version', 'age'].includes(key)) {
      throw new TypeError(`${what} as 'observe' must hold only degraded, value, version and age: current value is ${show(key)}`);
    }
    const pointers = key === 'degraded' && Array.isArray(value) ? (value as readonly unknown[]) : [value];
    for (const pointer of pointers) {
      if (typeof pointer === 'string' && /^(?:\/(?:[^~/]|~[01])*)*$/.test(pointer)) continue;
      throw new TypeError(`${what} as 'observe.${key}' must be a JSON pointer such as '/fee/amount': current value is ${show(pointer)}`);
    }
  }
  return observe;
}

/** Where a value would not survive JSON, and what stands there. */
function lossyPlace(value: unknown, path: string): { readonly path: string; readonly found: string } | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return undefined;
  if (typeof value !== 'object') return { path, found: typeof value === 'number' ? String(value) : show(value) };
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null;
  if (!isPlain) return { path, found: `a ${value.constructor.name}` };
  for (const [key, entry] of Object.entries(value)) {
    const found = lossyPlace(entry, Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
