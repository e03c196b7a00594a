import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { UsageError } from '../../model/problem.ts';

/** Why a body does not match, or null where it does. */
export type BodyCheck = (body: unknown) => string | null;

/**
 * Compiles a body's JSON Schema: draft 7 where it says so, else draft 2020-12. `format` is not asserted (the drafts leave
 * that open); zod's formats come with a pattern, which is.
 *
 * @throws {UsageError} if it is no JSON Schema
 */
export function compileBodyCheck(schema: unknown, requestName: string): BodyCheck {
  const dialect = (schema as { readonly $schema?: unknown } | null)?.$schema;
  const isDraft7 = typeof dialect === 'string' && /draft-0[4-7]/.test(dialect);
  // Without a logger: the driver's stderr is what a HarnessError quotes.
  const options = { strict: false, validateFormats: false, logger: false } as const;
  const ajv = isDraft7 ? new Ajv(options) : new Ajv2020(options);
  try {
    const validate = ajv.compile(schema as object);
    return (body) => {
      if (validate(body)) return null;
      const error = validate.errors?.[0];
      return `${error?.instancePath === '' ? 'body' : (error?.instancePath ?? 'body')} ${error?.message ?? 'does not match'}`;
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Cannot check the answers of '${requestName}' as 'schema' must be a JSON Schema: ${reason}`);
  }
}
