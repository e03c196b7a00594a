import { toJSONSchema } from 'zod';
import { show } from '../model/shape.ts';

/** A zod 4 schema, a Standard Schema that can tell its JSON Schema, or a JSON Schema object. */
export type BodySchema = StandardSchema | JsonSchema;

/** The part of a Standard Schema (standardschema.dev) that is read here. */
export interface StandardSchema {
  readonly '~standard': {
    readonly vendor: string;
    readonly jsonSchema?: { input(options: { target: 'draft-2020-12' }): Record<string, unknown> };
  };
}

export type JsonSchema = { readonly '~standard'?: never } & Readonly<Record<string, unknown>>;

/**
 * The JSON Schema of what a schema accepts, as plain data. The *input* side is taken: an answer's body is what the schema
 * would be given to parse, so fields that it does not name are allowed, as they are to the schema itself.
 *
 * @throws {TypeError} if the schema has no JSON Schema
 */
export function jsonSchemaOf(schema: BodySchema, what: string): Readonly<Record<string, unknown>> {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new TypeError(`${what} as 'schema' must be a zod schema or a JSON Schema object: current value is ${show(schema)}`);
  }
  try {
    return JSON.parse(JSON.stringify(convert(schema))) as Readonly<Record<string, unknown>>;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError(`${what} as 'schema' must have a JSON Schema (no transforms, dates or functions): ${reason}`, { cause: error });
  }
}

function convert(schema: BodySchema): unknown {
  if ('_zod' in schema) return toJSONSchema(schema as unknown as Parameters<typeof toJSONSchema>[0], { io: 'input' });
  const standard = schema['~standard'];
  if (standard === undefined) return schema;
  if (standard.jsonSchema !== undefined) return standard.jsonSchema.input({ target: 'draft-2020-12' });
  throw new TypeError(`a schema of '${standard.vendor}' that does not offer one; pass its JSON Schema, or a zod 4 schema`);
}
