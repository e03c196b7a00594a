import { ApiError } from './reply.ts';

/** A request body with its keys in lower case, as Go's decoder matches them. */
export type Fields = ReadonlyMap<string, unknown>;

/** JSON's own white space and no other: a byte order mark is none. */
const AROUND = /^[ \t\r\n]+|[ \t\r\n]+$/g;

/**
 * Reads the first JSON value of a body.
 *
 * @throws {ApiError} 400 if there is none
 */
export function decodeBody(text: string): unknown {
  const body = text.replace(AROUND, '');
  if (body === '') throw new ApiError(400, 'bad request body: EOF');
  try {
    return JSON.parse(body);
  } catch (error) {
    const end = endOfValue(body);
    if (end < body.length) return decodeBody(body.slice(0, end));
    throw new ApiError(400, `bad request body: ${isCutShort(error as Error, body) ? 'unexpected EOF' : (error as Error).message}`);
  }
}

/** The parser wanted more than there is. */
function isCutShort({ message }: Error, body: string): boolean {
  return /end of JSON|Unterminated/.test(message) || message.includes(`at position ${body.length} `);
}

/** The body as an object. */
export function decodeFields(text: string): Fields {
  return fieldsOf(decodeBody(text));
}

/** An object's fields; null is an object without any. */
export function fieldsOf(value: unknown, name = 'it'): Fields {
  const fields = new Map<string, unknown>();
  if (value === null) return fields;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(name, 'an object', value);
  for (const [key, field] of Object.entries(value)) {
    const lower = key.toLowerCase();
    // Null leaves a field as it is, and so it does beside the same field in another spelling.
    if (field !== null || !fields.has(lower)) fields.set(lower, field);
  }
  return fields;
}

/** A field of that type; null and absent are `fallback`. */
export function stringField(fields: Fields, name: string, fallback: string): string {
  const value = fields.get(name) ?? fallback;
  if (typeof value !== 'string') throw wrong(name, 'a string', value);
  // As Go's decoder: half a surrogate pair is no character, and no path could carry it.
  return value.toWellFormed();
}

export function booleanField(fields: Fields, name: string, fallback: boolean): boolean {
  const value = fields.get(name) ?? fallback;
  if (typeof value !== 'boolean') throw wrong(name, 'true or false', value);
  return value;
}

export function numberField(fields: Fields, name: string, fallback: number): number {
  const value = fields.get(name) ?? fallback;
  if (typeof value !== 'number') throw wrong(name, 'a number', value);
  return value;
}

/** An object field's entries, names in lower case; null and absent are none. */
export function objectField(fields: Fields, name: string): Readonly<Record<string, unknown>> {
  return Object.fromEntries(fieldsOf(fields.get(name) ?? null, name));
}

/** A list field; null and absent are an empty one. */
export function listField(fields: Fields, name: string): readonly unknown[] {
  const value = fields.get(name) ?? [];
  if (!Array.isArray(value)) throw wrong(name, 'a list', value);
  return value;
}

function wrong(name: string, expected: string, value: unknown): ApiError {
  return new ApiError(400, `bad request body: ${name} must be ${expected}: current value is ${shown(value)}`);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Where the value at the text's beginning ends, if it is null, an object or a list; else the text's length. */
function endOfValue(text: string): number {
  if (text.startsWith('null')) return 'null'.length;
  if (!/^[{[]/.test(text)) return text.length;
  let depth = 0;
  let isInString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (isInString) {
      if (character === '\\') index++;
      else if (character === '"') isInString = false;
    } else if (character === '"') isInString = true;
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      depth--;
      if (depth === 0) return index + 1;
    }
  }
  return text.length;
}
