import { TARGET_PATTERN, targetFields } from '../../model/http-fields.ts';
import type { Shape } from '../../model/shape.ts';
import type { HttpAction, HttpTarget } from '../proxy/contract.ts';
import { wholeNumber } from './amounts.ts';
import type { FaultContext } from './contract.ts';

/**
 * Which exchanges an HTTP fault hits; every exchange on the edge where none is given. `method`, `path` and `requestHeaders` say which
 * match; the others choose among those, in this order, and each numbers only what the one before let through.
 */
export interface TargetOptions {
  /** Method, without regard to case. */
  readonly method?: string;
  /** Path with `*` for any text: `/charges/*`. */
  readonly path?: string;
  /** Headers that the request must have with this value, `*` for any text. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** Spares the first k matching exchanges; 0 or more. */
  readonly after?: number;
  /** Only the first n; 1 or more. */
  readonly first?: number;
  /** Every n-th; 1 or more. */
  readonly everyNth?: number;
  /** Hit (`x`) and spared (`.`) exchanges in turn, repeated: `xx.` hits two and spares the third. */
  readonly pattern?: string;
  /** Share of them, 0.05 to 1: each block of 20 has exactly round(20 × share) hits, at seeded places. */
  readonly share?: number;
  /** At most n hits; 1 or more. */
  readonly next?: number;
}

/** The `target` field of each HTTP fault, for the validator. A share below 1/20 has no hit in a block of 20, so that the fault would never be felt. */
export const targetShape: Shape = targetFields(0.05);

/** Reads the target out of a constructor's options. */
export function httpTarget(options: TargetOptions, doing: string): HttpTarget {
  const { method, path, requestHeaders, after, first, everyNth, pattern, share, next } = options;
  if (path !== undefined && !path.startsWith('/') && !path.startsWith('*')) {
    throw new SyntaxError(`Cannot ${doing} as 'path' must start with '/' or '*': current value is ${JSON.stringify(path)}`);
  }
  if (pattern !== undefined && !TARGET_PATTERN.pattern.test(pattern)) {
    throw new SyntaxError(`Cannot ${doing} as 'pattern' must be ${TARGET_PATTERN.words}: current value is ${JSON.stringify(pattern)}`);
  }
  if (share !== undefined && !(share >= 0.05 && share <= 1)) {
    throw new RangeError(`Cannot ${doing} as 'share' must be 0.05 to 1: current value is ${share}`);
  }
  const counts = Object.entries({ after, first, everyNth, next }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, wholeNumber(value, { doing, name, min: name === 'after' ? 0 : 1 })] as const],
  );
  return {
    ...(method === undefined ? {} : { method: method.toUpperCase() }),
    ...(path === undefined ? {} : { path }),
    ...(requestHeaders === undefined ? {} : { headers: requestHeaders }),
    ...Object.fromEntries(counts),
    ...(pattern === undefined ? {} : { pattern }),
    ...(share === undefined ? {} : { share }),
  };
}

/** The target in words: `20 % of GET /fee/*`. */
export function describeTarget({ method, path, headers, after, first, everyNth, pattern, share, next }: HttpTarget): string {
  const what = [method ?? (path === undefined ? 'every request' : ''), path ?? ''].filter((part) => part !== '').join(' ');
  const wanted = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  return [
    ...(next === undefined ? [] : [`at most ${next} of`]),
    ...(share === undefined || share === 1 ? [] : [`${Number((share * 100).toFixed(1))} % of`]),
    ...(pattern === undefined ? [] : [`those at ${pattern} of`]),
    ...(everyNth === undefined || everyNth === 1 ? [] : [`every ${everyNth}. of`]),
    ...(first === undefined ? [] : [`the first ${first} of`]),
    what,
    ...(wanted.length === 0 ? [] : [`with ${wanted.join(', ')}`]),
    ...(after === undefined || after === 0 ? [] : [`after the first ${after}`]),
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
