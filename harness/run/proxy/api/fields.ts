import { ApiError } from './reply.ts';

/** A request body with its keys in lower case, as Go's decoder matches them. */
export type Fields = ReadonlyMap<string, unknown>;

/**
 * Reads the first JSON value of a body.
 *
 * @throws {ApiError} 400 if there is none
 */
export function decodeBody(text: string): unknown {
  const body = text.trim();
  if (body === '') throw new ApiError(400, 'bad request body: EOF');
  try {
    return JSON.parse(body);
  } catch (error) {
    const end = endOfValue(body);
    if (end < body.length) return decodeBody(body.slice(0, end));
    throw new ApiError(400, `bad request body: ${(error as Error).message}`);
  }
}

/** The body as an object. */
export function decodeFields(text: string): Fields {
  return fieldsOf(decodeBody(text));
}

export function fieldsOf(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ApiError(400, 'bad request body: expected an object');
  return new Map(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field]));
}

/** A field of that type; null and absent are `fallback`. */
export function stringField(fields: Fields, name: string, fallback: string): string {
  const value = fields.get(name) ?? fallback;
  if (typeof value !== 'string') throw new ApiError(400, `bad request body: ${name} must be a string`);
  return value;
}

export function booleanField(fields: Fields, name: string, fallback: boolean): boolean {
  const value = fields.get(name) ?? fallback;
  if (typeof value !== 'boolean') throw new ApiError(400, `bad request body: ${name} must be true or false`);
  return value;
}

export function numberField(fields: Fields, name: string, fallback: number): number {
  const value = fields.get(name) ?? fallback;
  if (typeof value !== 'number') throw new ApiError(400, `bad request body: ${name} must be a number`);
  return value;
}

/** An object field's entries, names in lower case; null and absent are none. */
export function objectField(fields: Fields, name: string): Readonly<Record<string, unknown>> {
  const value = fields.get(name) ?? {};
  return Object.fromEntries(fieldsOf(value));
}

/** Where the object or list at the text's beginning ends; the text's length where it does not. */
function endOfValue(text: string): number {
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
