import { nearest, type Problem } from './problem.ts';

/** What one field of a declared kind may hold: data, so that a table row can publish it and a validator can apply it. */
export type Field =
  | {
      readonly type: 'number' | 'integer';
      readonly min?: number;
      readonly max?: number;
      readonly unit?: string;
      readonly list?: true;
      readonly optional?: true;
    }
  | { readonly type: 'string'; readonly form?: TextForm; readonly list?: true; readonly optional?: true }
  | { readonly type: 'boolean' | 'json'; readonly optional?: true }
  /** Names and values of HTTP headers, without the `barred` ones (in lower case). */
  | { readonly type: 'headers'; readonly barred?: readonly string[]; readonly optional?: true }
  | { readonly type: 'choice'; readonly of: readonly (string | number)[]; readonly list?: true; readonly optional?: true }
  | { readonly type: NameSpace; readonly list?: true; readonly optional?: true }
  | { readonly type: 'object'; readonly fields: Shape; readonly list?: true; readonly optional?: true };

/** What a text must look like, and how a message calls that. */
export interface TextForm {
  readonly pattern: RegExp;
  readonly words: string;
  /** In UTF-8. */
  readonly maxBytes?: number;
}

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
      expected: Object.keys(shape).length === 0 ? 'left out' : `one of ${Object.keys(shape).join(', ')}`,
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
      return isText(value, field.form) ? [] : [{ path, expected: describeField(field), found: show(value) }];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [{ path, expected: describeField(field), found: show(value) }];
    case 'headers':
      return headerProblems(value, field.barred ?? [], path);
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

function isText(value: unknown, form: TextForm | undefined): boolean {
  if (typeof value !== 'string' || form === undefined) return typeof value === 'string';
  return form.pattern.test(value) && new TextEncoder().encode(value).length <= (form.maxBytes ?? Infinity);
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What a header's value must not hold: all that ends a line, and what would be cut off a line on its way. */
// oxlint-disable-next-line no-control-regex
const UNSAFE_VALUE = /[\0-\x08\x0a-\x1f\x7f]|[^\0-\xff]/;

function headerProblems(value: unknown, barred: readonly string[], path: string): Problem[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return [{ path, expected: 'an object of headers', found: show(value) }];
  return Object.entries(value).flatMap(([name, text]: [string, unknown]): Problem[] => {
    const at = `${path}.${name}`;
    if (!HEADER_NAME.test(name)) return [{ path: at, expected: 'the name of a header', found: show(name) }];
    if (barred.includes(name.toLowerCase())) return [{ path: at, expected: `none of ${barred.join(', ')}`, found: show(text) }];
    if (typeof text === 'string' && !UNSAFE_VALUE.test(text)) return [];
    return [{ path: at, expected: 'a text of one line in Latin-1', found: show(text) }];
  });
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
    case 'headers':
      return 'an object of headers';
    case 'string':
      return describeText(field.form);
    case 'boolean':
      return 'a boolean';
    default:
      return `the name of ${article(field.type)}`;
  }
}

function describeText(form: TextForm | undefined): string {
  if (form === undefined) return 'a string';
  return form.maxBytes === undefined ? form.words : `${form.words} of at most ${form.maxBytes} bytes`;
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
