import type { FaultOf } from '../../model/fault.ts';
import type { Duration } from '../../model/time.ts';
import { msField, realNumber, wholeMs } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, STREAMS, type EdgeToxic, type Stream } from './toxics.ts';

/** Loses packets, as a receiver of TCP sees it. */
export interface Loss<E extends string = string> extends FaultOf<'loss'> {
  readonly edge: E;
  /** Share of the segments that are lost, in per cent. */
  readonly percent: number;
  /** How much likelier a segment is lost after a lost one, in per cent. */
  readonly correlationPercent: number;
  /** What a sender waits before it sends a segment again, in milliseconds; twice that for each further time. */
  readonly retransmitMs: number;
  readonly stream: Stream;
}

export interface LossOptions {
  /** Share of the segments that are lost, in per cent; over 0, at most 100. */
  readonly percent: number;
  /** How much likelier a segment is lost after a lost one, in per cent. @default 0 */
  readonly correlationPercent?: number;
  /** What a sender waits before it sends a segment again; twice that for each further time. @default '200ms', Linux's least */
  readonly retransmit?: Duration;
  /** @default 'downstream' */
  readonly stream?: Stream;
}

/**
 * Loses packets on an edge. TCP hides that but for the time it takes: no byte is missing, the stream stands still until what was lost has
 * been sent again.
 *
 * @example
 * ```ts
 * import { loss } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(loss('orders->payments', { percent: 2.5 }).retransmitMs, 200);
 * ```
 * @throws {RangeError} if a number is out of bounds
 * @throws {SyntaxError} if `retransmit` is unreadable
 */
export function loss<const E extends string>(edge: E, options: LossOptions): Loss<E> {
  const doing = `lose packets on ${edge}`;
  return {
    kind: 'loss',
    edge,
    percent: realNumber(options.percent, { doing, name: 'percent', above: 0, max: 100 }),
    correlationPercent:
      options.correlationPercent === undefined || options.correlationPercent === 0
        ? 0
        : realNumber(options.correlationPercent, { doing, name: 'correlationPercent', above: 0, max: 100 }),
    retransmitMs: wholeMs(options.retransmit ?? 200, { doing, name: 'retransmit', min: 1 }),
    stream: options.stream ?? 'downstream',
  };
}

export const lossDriver: FaultDriver<Loss> = {
  kind: 'loss',
  needs: ['tcp'],
  schema: {
    edge: { type: 'edge' },
    percent: { type: 'number', min: Number.MIN_VALUE, max: 100, unit: '%' },
    correlationPercent: { type: 'number', min: 0, max: 100, unit: '%' },
    retransmitMs: msField(1),
    stream: { type: 'choice', of: STREAMS },
  },
  describe: ({ edge, percent, retransmitMs, stream }) =>
    `${edge}: ${percent} % of the segments ${stream} are lost and sent again after ${retransmitMs} ms`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, stream, percent, correlationPercent, retransmitMs }: Loss): readonly EdgeToxic[] {
  return [{ edge, stream, type: 'loss', attributes: { loss: percent, correlation: correlationPercent, rto: retransmitMs } }];
}
