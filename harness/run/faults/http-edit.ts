import type { FaultOf } from '../../model/fault.ts';
import { bodyField, jsonEditsField, removeHeadersField, replaceField, setHeadersField } from '../../model/http-fields.ts';
import { describeProblem } from '../../model/problem.ts';
import { shapeProblems, type Shape } from '../../model/shape.ts';
import type { HttpTarget } from '../proxy/contract.ts';
import type { FaultDriver } from './contract.ts';
import { httpEdge } from './edge-reach.ts';
import { addRule, describeTarget, httpTarget, removeRule, targetShape, type TargetOptions } from './http-target.ts';

const SIDES = ['request', 'response'] as const;
const NO_NAMES = { service: [], edge: [], breaker: [], fault: [], request: [] };

/** What is changed in a message. */
export interface MessageEdits {
  /** 200 to 599; of a response. */
  readonly status?: number;
  readonly setHeaders?: Readonly<Record<string, string>>;
  readonly removeHeaders?: readonly string[];
  /** The whole new body, without `replace` and `json`. */
  readonly body?: string;
  /** Texts to be replaced wherever they occur. */
  readonly replace?: readonly { readonly find: string; readonly with: string }[];
  /** Values to be put at JSON pointers of a JSON body. */
  readonly json?: readonly { readonly pointer: string; readonly value: unknown }[];
}

/** Edits messages. */
export interface HttpEdit<E extends string = string> extends FaultOf<'http-edit'>, MessageEdits {
  readonly edge: E;
  readonly of: (typeof SIDES)[number];
  readonly target: HttpTarget;
}

export interface HttpEditOptions extends TargetOptions, MessageEdits {
  /** `request`: what the callee gets; `response`: what the caller gets. @default 'response' */
  readonly of?: HttpEdit['of'];
}

const editShape = {
  status: { type: 'integer', min: 200, max: 599, optional: true },
  setHeaders: setHeadersField,
  removeHeaders: removeHeadersField,
  body: bodyField,
  replace: replaceField,
  json: jsonEditsField,
} as const satisfies Shape;

/**
 * Edits matching requests or their replies on an edge; the rest of the message passes as it is. A body of more than 1 MiB and a compressed
 * one keep their content.
 *
 * @example
 * ```ts
 * import { httpEdit } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * const free = httpEdit('orders->payments', { path: '/fee', json: [{ pointer: '/amount', value: 0 }] });
 * assert.equal(free.of, 'response');
 * ```
 * @throws {RangeError} if nothing is edited, an edit is out of bounds, or edits exclude each other
 * @throws {SyntaxError} if `pattern` or `path` is unreadable
 */
export function httpEdit<const E extends string>(edge: E, options: HttpEditOptions): HttpEdit<E> {
  const doing = `edit messages on ${edge}`;
  const { of = 'response' } = options;
  const edits = editsOf(options);
  const [first] = Object.keys(edits);
  if (first === undefined) {
    throw new RangeError(`Cannot ${doing} as at least one of ${Object.keys(editShape).join(', ')} must be given: current value is nothing`);
  }
  if (of === 'request' && edits.status !== undefined)
    throw new RangeError(`Cannot ${doing} as 'status' must be left out for a request: current value is ${edits.status}`);
  const beside = edits.replace === undefined ? (edits.json === undefined ? undefined : 'json') : 'replace';
  if (edits.body !== undefined && beside !== undefined)
    throw new RangeError(`Cannot ${doing} as '${beside}' must be left out beside 'body': current value is a list`);
  const [problem] = shapeProblems(edits, editShape, NO_NAMES, 'options');
  if (problem !== undefined) throw new RangeError(`Cannot ${doing}: ${describeProblem(problem)}`);
  return { kind: 'http-edit', edge, of, ...edits, target: httpTarget(options, doing) };
}

export const httpEditDriver: FaultDriver<HttpEdit> = {
  kind: 'http-edit',
  needs: ['http'],
  schema: {
    edge: { type: 'edge' },
    of: { type: 'choice', of: SIDES },
    ...editShape,
    target: { type: 'object', fields: targetShape },
  },
  describe: (fault) =>
    `${fault.edge}: ${describeTarget(fault.target)} has its ${fault.of} edited (${Object.keys(editsOf(fault)).join(', ')})`,
  reach: ({ edge }, system) => httpEdge(edge, system),
  inject: (fault, context) => addRule(fault, { kind: 'edit', of: fault.of, ...editsOf(fault) }, context),
  withdraw: (fault, context) => removeRule(fault, context),
};

function editsOf({ status, setHeaders, removeHeaders, body, replace, json }: MessageEdits): MessageEdits {
  return {
    ...(status === undefined ? {} : { status }),
    ...(setHeaders === undefined ? {} : { setHeaders }),
    ...(removeHeaders === undefined ? {} : { removeHeaders }),
    ...(body === undefined ? {} : { body }),
    ...(replace === undefined ? {} : { replace }),
    ...(json === undefined ? {} : { json }),
  };
}
