import type { HttpAction, HttpTarget, RuleSpec } from '../contract.ts';
import { ApiError } from './reply.ts';

type Loose = Readonly<Record<string, unknown>>;

/**
 * Reads an HTTP rule.
 *
 * @throws {ApiError} 400 naming the field that is wrong
 */
export function readRule(body: unknown): RuleSpec {
  const rule = object(body, 'rule');
  const name = text(rule['name'], 'name');
  if (name === '') throw wrong('name', 'a name', '');
  return {
    name,
    action: readAction(object(rule['action'], 'action')),
    target: readTarget(object(rule['target'] ?? {}, 'target')),
    seed: number(rule['seed'] ?? 0, 'seed'),
  };
}

function readAction(action: Loose): HttpAction {
  const kind = action['kind'];
  switch (kind) {
    case 'status':
      return readStatus(action);
    case 'delay':
      return {
        kind,
        before: oneOf(action['before'], 'before', ['request', 'response'] as const),
        delayMs: number(action['delayMs'], 'delayMs', 0),
      };
    case 'abort':
      return { kind, at: oneOf(action['at'], 'at', ['before', 'after-headers', 'mid-body'] as const) };
    case 'reply-late':
      return { kind, delayMs: number(action['delayMs'], 'delayMs', 0) };
    case 'hang':
    case 'reply-lost':
    case 'refuse':
      return { kind };
    default:
      throw wrong('action.kind', 'one of status, delay, abort, hang, reply-lost, reply-late, refuse', kind);
  }
}

function readStatus(action: Loose): HttpAction {
  const status = number(action['status'], 'status', 200);
  if (!Number.isInteger(status) || status > 599) throw wrong('status', 'a whole number from 200 to 599', status);
  const headers = action['headers'] === undefined ? undefined : strings(action['headers'], 'headers');
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || /[\r\n\0]/.test(value))
      throw wrong('headers', 'header names and values', { [name]: value });
  }
  return {
    kind: 'status',
    status,
    ...(action['body'] === undefined ? {} : { body: text(action['body'], 'body') }),
    ...(headers === undefined ? {} : { headers }),
  };
}

function readTarget(target: Loose): HttpTarget {
  const share = target['share'] === undefined ? undefined : number(target['share'], 'share', 0);
  if (share !== undefined && share > 1) throw wrong('share', 'a number from 0 to 1', share);
  return {
    ...(target['method'] === undefined ? {} : { method: text(target['method'], 'method') }),
    ...(target['path'] === undefined ? {} : { path: text(target['path'], 'path') }),
    ...(target['headers'] === undefined ? {} : { headers: strings(target['headers'], 'headers') }),
    ...(share === undefined ? {} : { share }),
    ...(target['everyNth'] === undefined ? {} : { everyNth: count(target['everyNth'], 'everyNth') }),
    ...(target['first'] === undefined ? {} : { first: count(target['first'], 'first') }),
  };
}

function object(value: unknown, name: string): Loose {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, 'an object', value);
  return value as Loose;
}

function strings(value: unknown, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(object(value, name)).map(([key, entry]) => [key, text(entry, `${name}.${key}`)]));
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string') throw wrong(name, 'a text', value);
  return value;
}

function number(value: unknown, name: string, min = -Infinity): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < min)
    throw wrong(name, min === -Infinity ? 'a number' : `a number of at least ${min}`, value);
  return value;
}

function count(value: unknown, name: string): number {
  const found = number(value, name, 1);
  if (!Number.isInteger(found)) throw wrong(name, 'a whole number', found);
  return found;
}

function oneOf<const T extends string>(value: unknown, name: string, options: readonly T[]): T {
  const found = options.find((option) => option === value);
  if (found === undefined) throw wrong(name, `one of ${options.join(', ')}`, value);
  return found;
}

function wrong(name: string, expected: string, found: unknown): ApiError {
  return new ApiError(
    400,
    `Cannot read the request as '${name}' must be ${expected}: current value is ${JSON.stringify(found) ?? 'nothing'}`,
  );
}
