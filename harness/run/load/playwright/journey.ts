import type { Page } from 'playwright-core';

/** Copies of this module, one from the sources and one from the package, must know each other's journeys. */
const JOURNEY: unique symbol = Symbol.for('halfopen.journey');

/** What a journey is given. */
export interface JourneyContext {
  /** A page of its own in a fresh browser context; relative addresses count from the system's entry. */
  readonly page: Page;
  /**
   * One thing that a user does. When it ends, what the page shows is recorded with a picture; when it fails, so does the journey.
   *
   * @throws what `go` throws
   */
  step<T>(name: string, go: () => T | Promise<T>): Promise<T>;
  /** A value of each of the load's lists, and `uuid` and `seq`: one seed gives the same ones again. */
  readonly data: Readonly<Record<string, string>> & { readonly uuid: string; readonly seq: string };
  /** Says that the user got less than they came for: the arrival ends as `degraded`, not as `ok`. */
  degraded(): void;
}

/** The way of one user; what it throws is what they met. */
export type JourneyCode = (context: JourneyContext) => unknown;

/** A journey that a load can name; made by `journey`. */
export interface Journey {
  readonly [JOURNEY]: JourneyCode;
}

/**
 * A user's way through the system's pages, for a load's `journeyOf`.
 *
 * @throws {TypeError} if `code` is no function
 * @example
 * ```ts
 * import { journey } from 'halfopen/playwright';
 *
 * export default journey(async ({ page, step }) => {
 *   await step('open', () => page.goto('/'));
 *   await step('order', () => page.getByRole('button', { name: 'Order' }).click());
 * });
 * ```
 */
export function journey(code: JourneyCode): Journey {
  if (typeof code === 'function') return { [JOURNEY]: code };
  throw new TypeError(`Cannot make a journey as 'code' must be a function: current value is ${typeof code}`);
}

/** The code of a journey; undefined where `value` is none. */
export function codeOf(value: unknown): JourneyCode | undefined {
  return (value as Partial<Journey> | null | undefined)?.[JOURNEY];
}
