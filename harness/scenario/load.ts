import type { Arrivals, JourneyTemplate, OpenLoad, RequestTemplate } from '../model/load.ts';
import { nearest } from '../model/problem.ts';
import { show } from '../model/shape.ts';
import { constant } from './arrivals.ts';

export { journeyOf, k6Script } from './load-code.ts';
export { constant, poisson, ramp, spike } from './arrivals.ts';
export { del, get, post, put, request } from './request.ts';

/** Names that `{…}` may always stand for: a fresh UUID, and the arrival's ordinal in the run. */
const BUILTIN_PLACEHOLDERS: readonly string[] = ['uuid', 'seq'];

/** What a load declares: `ratePerSecond` for evenly spaced arrivals, or `arrivals` for any other shape. */
export type LoadDeclaration<R extends string> = {
  readonly requests: readonly RequestTemplate<R>[];
  /** Users in a real browser beside the requests: at rates of their own, or so many at a time. @default none */
  readonly journeys?: readonly JourneyTemplate<R>[];
  /** Lists from which placeholders are drawn. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
} & ({ readonly ratePerSecond: number; readonly arrivals?: never } | { readonly arrivals: Arrivals; readonly ratePerSecond?: never });

/**
 * Open-model load: arrivals are fixed before the run and are sent at their times whatever the answers do. Rates are in
 * arrivals a second.
 *
 * @throws {TypeError} if there is no request, two have one name, or a placeholder has no list of values
 * @throws {RangeError} if a rate is not positive or above the driver's limit
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { get, openLoad, poisson } from 'halfopen';
 * const load = openLoad({
 *   arrivals: poisson(40),
 *   requests: [get('quote', '/quote/{sku}', { weight: 3 }), get('stock', '/stock/{sku}')],
 *   values: { sku: ['tea', 'mug'] },
 * });
 * assert.equal(load.requests.length, 2);
 * ```
 */
export function openLoad<const R extends string>(declaration: LoadDeclaration<R>): OpenLoad<R> {
  const { requests, journeys = [], values = {}, ratePerSecond, arrivals } = declaration;
  if ((ratePerSecond === undefined) === (arrivals === undefined)) {
    throw new TypeError(
      `Cannot declare the load as exactly one of 'ratePerSecond' and 'arrivals' must be given: current value is ${show(declaration)}`,
    );
  }
  if (!Array.isArray(requests) || requests.length === 0) {
    throw new TypeError(`Cannot declare the load as 'requests' must hold at least one request: current value is ${show(requests)}`);
  }
  const names = [...requests, ...journeys].map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw new TypeError(
      `Cannot declare the load as 'requests' and 'journeys' must have different names: current value is ${show(repeated)} twice`,
    );
  for (const [key, list] of Object.entries(values)) checkValues(key, list);
  for (const entry of requests) {
    checkPlaceholders(entry, [...BUILTIN_PLACEHOLDERS, ...Object.keys(values)]);
    checkHeaderValues(entry, values);
  }
  return {
    kind: 'open',
    arrivals: arrivals ?? constant(ratePerSecond ?? Number.NaN),
    requests,
    values,
    ...(journeys.length === 0 ? {} : { journeys }),
  };
}

function checkValues(key: string, list: readonly string[]): void {
  if (BUILTIN_PLACEHOLDERS.includes(key) || !/^[A-Za-z_][\w-]*$/.test(key)) {
    throw new TypeError(
      `Cannot declare the load as 'values' must have names of letters, digits, '-' or '_', and not uuid or seq: current value is ${show(key)}`,
    );
  }
  const isText =
    Array.isArray(list) &&
    list.length > 0 &&
    list.every((value) => typeof value === 'string' && value.isWellFormed() && /^[\t\x20-\x7e\u00a0-\uffff]*$/.test(value));
  if (!isText) {
    throw new TypeError(
      `Cannot declare the load as 'values.${key}' must be a list of texts without control characters: current value is ${show(list)}`,
    );
  }
}

function checkPlaceholders(entry: RequestTemplate, known: readonly string[]): void {
  const places = {
    path: entry.path,
    headers: Object.values(entry.headers).join(' '),
    body: entry.body === undefined ? '' : JSON.stringify(entry.body),
  };
  for (const [place, text] of Object.entries(places)) {
    for (const [, name = ''] of text.matchAll(/\{([A-Za-z_][\w-]*)\}/g)) {
      if (known.includes(name)) continue;
      const near = nearest(name, known);
      throw new TypeError(
        `Cannot declare the load as '{${name}}' in the ${place} of '${entry.name}' must be one of ${known.map((one) => `{${one}}`).join(', ')}${near === undefined ? '' : ` (did you mean {${near}}?)`}: current value is ${show(text)}`,
      );
    }
  }
}

/** A path or a body can carry any text, a header cannot. */
function checkHeaderValues(entry: RequestTemplate, values: Readonly<Record<string, readonly string[]>>): void {
  for (const [, name = ''] of Object.values(entry.headers)
    .join(' ')
    .matchAll(/\{([A-Za-z_][\w-]*)\}/g)) {
    const foreign = values[name]?.find((value) => !/^[\t\x20-\x7e]*$/.test(value));
    if (foreign === undefined) continue;
    throw new TypeError(
      `Cannot declare the load as 'values.${name}' must be printable ASCII to stand in a header of '${entry.name}': current value is ${show(foreign)}`,
    );
  }
}
