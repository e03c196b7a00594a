import type { Shape } from '../../model/shape.ts';
import { wholeNumber } from './amounts.ts';

const POINTS = ['before', 'after-headers', 'mid-body', 'after-bytes'] as const;

/** Where in its reply's way to the caller an exchange is stopped. */
export interface ReplyPointed {
  /** `before`: the callee never sees the request. */
  readonly at: (typeof POINTS)[number];
  /** Bytes of the body that still pass, where `at` is `after-bytes`. */
  readonly bytes?: number;
}

export interface ReplyPointOptions {
  /** `before` the request is passed on, `after-headers` of the reply, `mid-body` of it, or `after-bytes` of the body. @default 'before' */
  readonly at?: ReplyPointed['at'];
  /** Bytes of the body that still pass; with `at: 'after-bytes'` and only there. */
  readonly bytes?: number;
}

/** The point's fields, for the validator. */
export const replyPointShape = {
  at: { type: 'choice', of: POINTS },
  bytes: { type: 'integer', min: 0, unit: 'bytes', optional: true },
} as const satisfies Shape;

/** Reads the point out of a constructor's options. */
export function replyPoint({ at = 'before', bytes }: ReplyPointOptions, doing: string): ReplyPointed {
  if ((at === 'after-bytes') !== (bytes !== undefined)) {
    throw new RangeError(
      `Cannot ${doing} as 'bytes' must be given with 'at: after-bytes' and only there: current value is ${bytes ?? 'nothing'} with 'at: ${at}'`,
    );
  }
  return { at, ...(bytes === undefined ? {} : { bytes: wholeNumber(bytes, { doing, name: 'bytes', min: 0 }) }) };
}

/** The point in words: `in the reply's body`. */
export function describePoint({ at, bytes = 0 }: ReplyPointed): string {
  return at === 'after-bytes' ? `after ${bytes} bytes of the reply's body` : WHEN[at];
}

const WHEN = {
  before: 'before the request is passed on',
  'after-headers': "after the reply's headers",
  'mid-body': "in the reply's body",
} as const;
