import { bodyField, jsonEditsField, removeHeadersField, replaceField, setHeadersField, targetFields } from '../../../model/http-fields.ts';
import { LIMITS } from '../../../model/limits.ts';
import type { Problem } from '../../../model/problem.ts';
import { shapeProblems, show, type Field, type Names, type Shape } from '../../../model/shape.ts';
import type { HeldOutcome, HttpAction, HttpTarget, ReleaseRequest, WantedRule } from '../contract.ts';
import { LONGEST_TTL_MS } from '../lease.ts';
import { ApiError } from './reply.ts';

type Loose = Readonly<Record<string, unknown>>;

/** What an action's fields hold, and what they must hold together. */
interface ActionRow {
  readonly fields: Shape;
  readonly problems?: (action: Loose) => readonly Problem[];
}

const NO_NAMES: Names = { service: [], edge: [], breaker: [], fault: [], request: [] };
const POINTS = ['before', 'after-headers', 'mid-body', 'after-bytes'] as const;
const SIDES = ['request', 'response'] as const;
const LARGEST_CORRUPTION = 64 * 1024;

const msField = { type: 'number', min: 0, max: LIMITS.ruleMs, unit: 'ms' } as const satisfies Field;
const spanField = { type: 'integer', min: 1, max: LIMITS.ruleMs, unit: 'ms' } as const satisfies Field;
const statusField = { type: 'integer', min: 200, max: 599 } as const satisfies Field;
const bytesField = { type: 'integer', min: 0, optional: true } as const satisfies Field;
const nameField = {
  type: 'string',
  form: { pattern: /^(?!\.{1,2}$)[^\p{Cc}\p{Cs}]+$/u, words: "a text of one line, not empty and not '.' or '..'", maxBytes: 256 },
} as const satisfies Field;

const actions: Readonly<Record<HttpAction['kind'], ActionRow>> = {
  status: {
    fields: {
      status: statusField,
      body: bodyField,
      headers: setHeadersField,
      retryAfterS: { type: 'integer', min: 0, max: LIMITS.ruleMs / 1000, unit: 's', optional: true },
    },
  },
  delay: {
    fields: { before: { type: 'choice', of: SIDES }, delayMs: msField, jitterMs: { ...msField, optional: true } },
    problems: ({ delayMs, jitterMs }) =>
      Number(jitterMs ?? 0) <= Number(delayMs) ? [] : [problem('jitterMs', `at most 'delayMs' (${show(delayMs)})`, jitterMs)],
  },
  'slow-body': { fields: { pieceBytes: { type: 'integer', min: 1 }, delayMs: msField } },
  abort: {
    fields: { at: { type: 'choice', of: POINTS }, bytes: bytesField, how: { type: 'choice', of: ['reset', 'close'], optional: true } },
    problems: pointProblems,
  },
  hang: { fields: { at: { type: 'choice', of: POINTS, optional: true }, bytes: bytesField }, problems: pointProblems },
  truncate: { fields: { bytes: bytesField, share: { type: 'number', min: 0, max: 1, optional: true } }, problems: truncateProblems },
  corrupt: {
    fields: {
      bytes: { type: 'integer', min: 1, max: LARGEST_CORRUPTION },
      what: { type: 'choice', of: ['body', 'framing'], optional: true },
    },
  },
  edit: {
    fields: {
      of: { type: 'choice', of: SIDES },
      status: { ...statusField, optional: true },
      setHeaders: setHeadersField,
      removeHeaders: removeHeadersField,
      body: bodyField,
      replace: replaceField,
      json: jsonEditsField,
    },
    problems: editProblems,
  },
  quota: {
    fields: { limit: { type: 'integer', min: 0 }, windowMs: spanField, status: { ...statusField, optional: true }, body: bodyField },
  },
  hold: { fields: { at: { type: 'choice', of: SIDES }, maxMs: { ...spanField, optional: true } } },
  'reply-lost': { fields: {} },
  'reply-late': { fields: { delayMs: msField } },
  refuse: { fields: {} },
};

const targetShape: Shape = {
  ...targetFields(0),
  traceId: { type: 'string', optional: true, form: { pattern: /^[0-9a-f]{32}$/i, words: '32 hexadecimal digits' } },
};

const ruleShape: Shape = {
  name: nameField,
  action: { type: 'json' },
  target: { type: 'object', fields: targetShape, optional: true },
  seed: { type: 'number', optional: true },
  owner: { ...nameField, optional: true },
  ttlMs: { type: 'integer', min: 1, max: LONGEST_TTL_MS, unit: 'ms', optional: true },
};

/** What a listing says of a rule beyond its spec: a rule that was read can be put in force again as it is. */
const LISTED = ['sinceUs', 'matched', 'hit', 'held'];

const releaseShape: Shape = {
  count: { type: 'integer', min: 0, optional: true },
  ordinals: { type: 'integer', min: 1, list: true, optional: true },
  outcome: { type: 'json', optional: true },
};

const outcomes: Readonly<Record<HeldOutcome['kind'], ActionRow>> = {
  pass: { fields: {} },
  reset: { fields: {} },
  close: { fields: {} },
  status: { fields: { status: statusField, body: bodyField, headers: setHeadersField } },
};

/**
 * Reads an HTTP rule.
 *
 * @throws {ApiError} 400 naming all that is wrong
 */
export function readRule(body: unknown): WantedRule {
  const problems = shapeProblems(body, ruleShape, NO_NAMES, 'rule', LISTED);
  const rule = loose(body);
  if (rule['action'] !== undefined) problems.push(...kindProblems(rule['action'], actions, 'rule.action'));
  if (problems.length > 0) throw refusal('put the rule in force', problems);
  const { name, action, target, seed, owner, ttlMs } = body as Omit<WantedRule, 'target'> & { readonly target?: HttpTarget };
  return {
    name,
    action,
    target: target ?? {},
    ...(seed === undefined ? {} : { seed }),
    ...(owner === undefined ? {} : { owner }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}

/**
 * Reads which held calls are to be released, and how.
 *
 * @throws {ApiError} 400 naming all that is wrong
 */
export function readRelease(body: unknown): ReleaseRequest {
  const problems = shapeProblems(body, releaseShape, NO_NAMES, 'release');
  const { outcome } = loose(body);
  if (outcome !== undefined) problems.push(...kindProblems(outcome, outcomes, 'release.outcome'));
  if (problems.length > 0) throw refusal('release the calls', problems);
  return body as ReleaseRequest;
}

/** Problems of a value whose `kind` says which fields it has. */
function kindProblems(value: unknown, rows: Readonly<Record<string, ActionRow>>, path: string): Problem[] {
  const { kind } = loose(value);
  const row = typeof kind === 'string' && Object.hasOwn(rows, kind) ? rows[kind] : undefined;
  if (row === undefined)
    return shapeProblems(value, { kind: { type: 'choice', of: Object.keys(rows) } }, NO_NAMES, path, Object.keys(loose(value)));
  const problems = shapeProblems(value, row.fields, NO_NAMES, path, ['kind']);
  // What fields must hold together is only looked at where each holds what it may.
  if (problems.length > 0 || row.problems === undefined) return problems;
  return row.problems(loose(value)).map((found) => ({ ...found, path: `${path}.${found.path}` }));
}

function pointProblems({ at, bytes }: Loose): readonly Problem[] {
  if (at === 'after-bytes' && bytes === undefined) return [problem('bytes', "a whole number where 'at' is after-bytes", bytes)];
  return at !== 'after-bytes' && bytes !== undefined ? [problem('bytes', "left out where 'at' is not after-bytes", bytes)] : [];
}

function truncateProblems({ bytes, share }: Loose): readonly Problem[] {
  if ((bytes === undefined) === (share === undefined)) return [problem('bytes', "given, or 'share', and not both", bytes)];
  return share === 1 ? [problem('share', 'below 1', share)] : [];
}

function editProblems(action: Loose): readonly Problem[] {
  const edits = Object.keys(action).filter((key) => key !== 'kind' && key !== 'of');
  if (edits.length === 0) return [problem('of', 'followed by at least one edit', action['of'])];
  return [
    ...(action['of'] === 'request' && action['status'] !== undefined
      ? [problem('status', 'left out for a request', action['status'])]
      : []),
    ...(action['body'] === undefined
      ? []
      : ['replace', 'json'].flatMap((key) => (action[key] === undefined ? [] : [problem(key, "left out beside 'body'", action[key])]))),
  ];
}

function problem(path: string, expected: string, found: unknown): Problem {
  return { path, expected, found: show(found) };
}

/** The fields of an object; none of anything else. */
function loose(value: unknown): Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Loose) : {};
}

function refusal(what: string, problems: readonly Problem[]): ApiError {
  const parts = problems.map(({ path, expected, found, hint }) => {
    const field = path.replace(/^(?:rule|release)\./, '');
    return `'${field}' must be ${expected}: current value is ${found}${hint === undefined ? '' : ` (${hint})`}`;
  });
  return new ApiError(400, `Cannot ${what} as ${parts.join('; ')}`);
}
