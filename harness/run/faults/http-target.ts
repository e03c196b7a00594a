import type { Shape } from '../../model/shape.ts';
import type { HttpAction, HttpTarget } from '../proxy/contract.ts';
import { wholeNumber } from './amounts.ts';
import type { FaultContext } from './contract.ts';

/** Which exchanges an HTTP fault hits: all conditions together; every exchange on the edge where none is given. */
export interface TargetOptions {
  /** Method, without regard to case. */
  readonly method?: string;
  /** Path with `*` for any text: `/charges/*`. */
  readonly path?: string;
  /** Headers that the request must have with exactly this value. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** Share of the matching exchanges, over 0 and up to 1: each block of 20 has exactly round(20 × share) hits, at seeded places. */
  readonly share?: number;
  /** Every n-th matching exchange; 1 or more. */
  readonly everyNth?: number;
  /** Only the first n matching exchanges; 1 or more. */
  readonly first?: number;
}

/** The `target` field of each HTTP fault, for the validator. */
export const targetShape: Shape = {
  method: { type: 'string', optional: true },
  path: { type: 'string', optional: true },
  headers: { type: 'json', optional: true },
  share: { type: 'number', min: 0.05, max: 1, optional: true },
  everyNth: { type: 'integer', min: 1, optional: true },
  first: { type: 'integer', min: 1, optional: true },
};

/** Reads the target out of a constructor's options. */
export function httpTarget(options: TargetOptions, doing: string): HttpTarget {
  const { method, path, requestHeaders, share, everyNth, first } = options;
  if (path !== undefined && !path.startsWith('/') && !path.startsWith('*')) {
    throw new SyntaxError(`Cannot ${doing} as 'path' must start with '/' or '*': current value is ${JSON.stringify(path)}`);
  }
  // A share below 1/20 has no hit in a block of 20, so that the fault would never be felt.
  if (share !== undefined && !(share >= 0.05 && share <= 1)) {
    throw new RangeError(`Cannot ${doing} as 'share' must be 0.05 to 1: current value is ${share}`);
  }
  return {
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(path === undefined ? {} : { path }),
    ...(requestHeaders === undefined ? {} : { headers: requestHeaders }),
    ...(share === undefined ? {} : { share }),
    ...(everyNth === undefined ? {} : { everyNth: wholeNumber(everyNth, { doing, name: 'everyNth', min: 1 }) }),
    ...(first === undefined ? {} : { first: wholeNumber(first, { doing, name: 'first', min: 1 }) }),
  };
}

/** The target in words: `20 % of GET /fee/*`. */
export function describeTarget({ method, path, headers, share, everyNth, first }: HttpTarget): string {
  const what = [method ?? (path === undefined ? 'every request' : ''), path ?? ''].filter((part) => part !== '').join(' ');
  return [
    ...(first === undefined ? [] : [`the first ${first} of`]),
    ...(everyNth === undefined || everyNth === 1 ? [] : [`every ${everyNth}. of`]),
    ...(share === undefined || share === 1 ? [] : [`${Number((share * 100).toFixed(1))} % of`]),
    what,
    ...(headers === undefined
      ? []
      : [
          `with ${Object.entries(headers)
            .map(([name, value]) => `${name}: ${value}`)
            .join(', ')}`,
        ]),
  ].join(' ');
}

/** A fault that is one rule on one HTTP edge. */
export interface HttpFault {
  readonly edge: string;
  readonly target: HttpTarget;
}

export function addRule(fault: HttpFault, action: HttpAction, { name, seed, proxy, signal }: FaultContext): Promise<void> {
  return proxy.addRule(fault.edge, { name, action, target: fault.target, seed }, signal);
}

export function removeRule({ edge }: { readonly edge: string }, { name, proxy, signal }: FaultContext): Promise<void> {
  return proxy.removeRule(edge, name, signal);
}
