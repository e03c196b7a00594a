import { amount, type ToxicKind } from './contract.ts';

/** Toxiproxy's own toxics, whose work another server may do. */
const TYPES = ['latency', 'bandwidth', 'slow_close', 'timeout', 'reset_peer', 'slicer', 'limit_data'] as const;

/**
 * What shows that work here. `bytes`: they pass in this direction (the first `after` of a connection are spared). `cut`: they do, or a call
 * is under way when the mark is withdrawn, since the connection will be cut. `end`: this direction ends. `break`: it does, or the
 * connection breaks.
 */
const SIGNS = ['bytes', 'cut', 'end', 'break'] as const;
export type Sign = (typeof SIGNS)[number];

/**
 * Passes everything on, and notes as touched by `of` what a toxic of that type on another server, to which this proxy leads, has its hands on:
 * that server neither counts nor tells.
 */
export const mark: ToxicKind = {
  attributes: {
    of: { kind: 'choice', options: TYPES, isOurs: true },
    sign: { kind: 'choice', options: SIGNS, isOurs: true },
    after: { min: 0, isOurs: true },
  },
  startsAtOnce: true,
  touchOf: ({ of }) => String(of ?? 'mark'),
  start({ attributes, out, touch }) {
    const isSign = (...signs: readonly Sign[]): boolean => signs.some((sign) => sign === (attributes['sign'] ?? 'bytes'));
    let passed = 0;
    return {
      chunk(data) {
        passed += data.length;
        if (isSign('bytes', 'cut') && passed >= amount(attributes, 'after')) touch();
        out.chunk(data);
      },
      end() {
        if (isSign('end', 'break')) touch();
        out.end();
      },
      full: () => false,
      update: () => undefined,
      release() {
        if (isSign('cut')) touch();
      },
      stop() {
        if (isSign('break')) touch();
      },
    };
  },
};
