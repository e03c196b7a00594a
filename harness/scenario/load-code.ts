import { LIMITS } from '../model/limits.ts';
import type { JourneyTemplate, RequestTemplate, ScriptLoad } from '../model/load.ts';
import { isProjectPath } from '../model/project-path.ts';
import { show } from '../model/shape.ts';
import { milliseconds, type Duration } from '../model/time.ts';

/** How a journey is gone: `ratePerSecond` for users that set out whatever became of those before, or `users` that go again and again. */
export type JourneyOptions = {
  /** When a user gives up, counted from the actual start. @default '30s' */
  readonly timeout?: Duration;
  /** The file's export that is the journey. @default 'default' */
  readonly export?: string;
} & (
  | {
      /** Users that set out, evenly spaced, in arrivals a second. */
      readonly ratePerSecond: number;
      readonly users?: never;
      readonly thinkTime?: never;
    }
  | {
      /** So many users at a time; each sets out again when they have come to the end, for as long as the load lasts. */
      readonly users: number;
      /** From the end of a user's journey to the beginning of their next. @default '0ms' */
      readonly thinkTime?: Duration;
      readonly ratePerSecond?: never;
    }
);

/**
 * Users that go their way through the system's pages in a real browser, beside a load's requests. The way is code in a
 * file of its own, made by `journey` of `halfopen/playwright`; the path counts from the project's folder.
 *
 * With `users` each waits for the end of their journey before they go again (a closed model): while the system stalls, nobody
 * comes, so such a journey hides the wait of those who would have come. What must tell of waits has a rate.
 *
 * @throws {TypeError} if the file's path is empty, absolute or leaves the project's folder, or not exactly one of `ratePerSecond` and `users` is given
 * @throws {RangeError} if the rate, the users or the timeout is not positive, or the think time is below 0
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { journeyOf } from 'halfopen';
 * const buying = journeyOf('buying', 'scenarios/journeys/buying.journey.ts', { ratePerSecond: 0.5 });
 * const looking = journeyOf('looking', 'scenarios/journeys/looking.journey.ts', { users: 3, thinkTime: '500ms' });
 * assert.deepEqual([buying.timeoutMs, looking.users, looking.thinkMs], [30_000, 3, 500]);
 * ```
 */
export function journeyOf<const N extends string>(name: N, file: string, options: JourneyOptions): JourneyTemplate<N> {
  const doing = `declare the journey ${show(name)}`;
  const { ratePerSecond, users, thinkTime, timeout = '30s' } = options;
  const timeoutMs = milliseconds(timeout, 'timeout');
  if (!(timeoutMs > 0 && timeoutMs <= LIMITS.runMs)) {
    throw new RangeError(`Cannot ${doing} as 'timeout' must be above 0 and at most ${LIMITS.runMs} ms: current value is ${show(timeout)}`);
  }
  const way = { name, file: projectPath(file, doing), export: options.export ?? 'default', timeoutMs };
  if ((ratePerSecond === undefined) === (users === undefined)) {
    throw new TypeError(
      `Cannot ${doing} as exactly one of 'ratePerSecond' and 'users' must be given: current value is ${users === undefined ? 'neither' : 'both'}`,
    );
  }
  if (users !== undefined) return { ...way, users: wholeUsers(users, doing), thinkMs: thinkMsOf(thinkTime ?? 0, doing) };
  if (thinkTime !== undefined) {
    throw new TypeError(
      `Cannot ${doing} as 'thinkTime' must go with 'users' (at a rate nobody goes twice): current value is ${show(thinkTime)}`,
    );
  }
  return { ...way, ratePerSecond: journeyRate(ratePerSecond ?? Number.NaN, doing) };
}

function journeyRate(ratePerSecond: number, doing: string): number {
  if (ratePerSecond > 0 && ratePerSecond <= LIMITS.journeysPerSecond) return ratePerSecond;
  throw new RangeError(
    `Cannot ${doing} as 'ratePerSecond' must be above 0 and at most ${LIMITS.journeysPerSecond}: current value is ${show(ratePerSecond)}`,
  );
}

function wholeUsers(users: number, doing: string): number {
  if (Number.isInteger(users) && users >= 1 && users <= LIMITS.journeyUsers) return users;
  throw new RangeError(
    `Cannot ${doing} as 'users' must be a whole number from 1 to ${LIMITS.journeyUsers}: current value is ${show(users)}`,
  );
}

function thinkMsOf(thinkTime: Duration, doing: string): number {
  const thinkMs = milliseconds(thinkTime, 'thinkTime');
  if (thinkMs >= 0 && thinkMs <= LIMITS.runMs) return thinkMs;
  throw new RangeError(`Cannot ${doing} as 'thinkTime' must be from 0 to ${LIMITS.runMs} ms: current value is ${show(thinkTime)}`);
}

export interface K6ScriptOptions<R extends string> {
  /** Which of its calls are which, by method and path; a call that is none of them is `other`. Weights and bodies mean nothing here. @default none */
  readonly requests?: readonly RequestTemplate<R>[];
  /** Variables that the script finds in `__ENV`; `{entry}` stands for the entry service's URL. @default { BASE_URL: '{entry}' } */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A user's own k6 script as the load, unmodified: its options, thresholds, checks, groups and setup function stay as they
 * are. Each of its calls is recorded as a request of the run; the path counts from the project's folder.
 *
 * @throws {TypeError} if the file's path is empty, absolute or leaves the project's folder, or two requests have one name
 * @example
 * ```ts
 * import assert from 'node:assert/strict';
 * import { get, k6Script } from 'halfopen';
 * const load = k6Script('load/checkout.js', { requests: [get('quote', '/quote/{sku}')], env: { SHOP: '{entry}' } });
 * assert.equal(load.kind, 'k6-script');
 * ```
 */
export function k6Script<const R extends string = never>(file: string, options: K6ScriptOptions<R> = {}): ScriptLoad<R | 'other'> {
  const doing = `declare the load as the k6 script ${show(file)}`;
  const { requests = [], env = { BASE_URL: '{entry}' } } = options;
  const names: readonly string[] = requests.map(({ name }) => name);
  const repeated = names.find((name, index) => name === 'other' || names.indexOf(name) !== index);
  if (repeated !== undefined)
    throw new TypeError(`Cannot ${doing} as 'requests' must have different names, and none 'other': current value is ${show(repeated)}`);
  return { kind: 'k6-script', file: projectPath(file, doing), requests, env };
}

/** A path that stays inside the folder that it counts from. */
function projectPath(file: string, doing: string): string {
  if (isProjectPath(file)) return file;
  throw new TypeError(
    `Cannot ${doing} as 'file' must be a path inside the project's folder, counted from there: current value is ${show(file)}`,
  );
}
