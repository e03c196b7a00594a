import { nearest, type Problem } from './problem.ts';

/** What one field of a declared kind may hold: data, so that a table row can publish it and a validator can apply it. */
export type Field =
  | { readonly type: 'number' | 'integer'; readonly min?: number; readonly max?: number; readonly unit?: string; readonly optional?: true }
  | { readonly type: 'string' | 'boolean' | 'json'; readonly optional?: true }
  | { readonly type: 'choice'; readonly of: readonly (string | number)[]; readonly list?: true; readonly optional?: true }
  | { readonly type: NameSpace; readonly list?: true; readonly optional?: true }
  | { readonly type: 'object'; readonly fields: Shape; readonly optional?: true };

/** Things that a system and its scenario give names to. */
export type NameSpace = 'service' | 'edge' | 'breaker' | 'fault' | 'request';

export type Shape = Readonly<Record<string, Field>>;

/** The names that exist in one scenario. */
export type Names = Readonly<Record<NameSpace, readonly string[]>>;

/** All problems of `value` against `shape`; the field `kind` or `check` that selects the shape is the caller's business. */
export function shapeProblems(value: unknown, shape: Shape, names: Names, path: string, ignored: readonly string[] = []): Problem[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ path, expected: 'an object', found: show(value) }];
  const problems: Problem[] = [];
  const record = value as Readonly<Record<string, unknown>>;
  for (const [key, field] of Object.entries(shape)) problems.push(...fieldProblems(record[key], field, names, `${path}.${key}`));
  for (const key of Object.keys(record)) {
    if (key in shape || ignored.includes(key)) continue;
    const near = nearest(key, Object.keys(shape));
    problems.push({
      path: `${path}.${key}`,
      expected: `one of ${Object.keys(shape).join(', ')}`,
      found: `the unknown field '${key}'`,
      ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }),
    });
  }
  return problems;
}

function fieldProblems(value: unknown, field: Field, names: Names, path: string): Problem[] {
  if (value === undefined) return field.optional === true ? [] : [{ path, expected: describeField(field), found: 'nothing' }];
  if ('list' in field && field.list === true) {
    if (!Array.isArray(value) || value.length === 0) return [{ path, expected: `a list of ${field.type}s`, found: show(value) }];
    const { list: _, ...single } = field;
    return value.flatMap((entry, index) => fieldProblems(entry, single, names, `${path}[${index}]`));
  }
  switch (field.type) {
    case 'json':
      return [];
    case 'number':
    case 'integer':
      return numberProblems(value, field, path);
    case 'string':
    case 'boolean':
      return typeof value === field.type ? [] : [{ path, expected: `a ${field.type}`, found: show(value) }];
    case 'choice':
      return field.of.some((option) => option === value) ? [] : [{ path, expected: describeField(field), found: show(value) }];
    case 'object':
      return shapeProblems(value, field.fields, names, path);
    default:
      return nameProblems(value, field.type, names, path);
  }
}

function numberProblems(value: unknown, field: Extract<Field, { type: 'number' | 'integer' }>, path: string): Problem[] {
  const isKind = typeof value === 'number' && Number.isFinite(value) && (field.type === 'number' || Number.isInteger(value));
  if (isKind && value >= (field.min ?? -Infinity) && value <= (field.max ?? Infinity)) return [];
  return [{ path, expected: describeField(field), found: show(value) }];
}

function nameProblems(value: unknown, space: NameSpace, names: Names, path: string): Problem[] {
  if (typeof value === 'string' && names[space].includes(value)) return [];
  const near = typeof value === 'string' ? nearest(value, names[space]) : undefined;
  const known =
    names[space].length === 0
      ? `the name of ${article(space)} (none is declared)`
      : `the name of ${article(space)} (${names[space].join(', ')})`;
  return [{ path, expected: known, found: show(value), ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }) }];
}

function describeField(field: Field): string {
  switch (field.type) {
    case 'number':
    case 'integer': {
      const unit = field.unit === undefined ? '' : ` ${field.unit}`;
      const noun = field.type === 'integer' ? 'a whole number' : 'a number';
      if (field.min !== undefined && field.max !== undefined) return `${noun} from ${field.min} to ${field.max}${unit}`;
      if (field.min !== undefined) return `${noun} of at least ${field.min}${unit}`;
      return field.max === undefined ? `${noun}${unit}` : `${noun} of at most ${field.max}${unit}`;
    }
    case 'choice':
      return `${field.list === true ? 'a list of' : 'one of'} ${field.of.map((option) => JSON.stringify(option)).join(', ')}`;
    case 'json':
      return 'a value';
    case 'object':
      return 'an object';
    case 'string':
    case 'boolean':
      return `a ${field.type}`;
    default:
      return `the name of ${article(field.type)}`;
  }
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** A value as a message shows it, cut to a readable length. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? typeof value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
