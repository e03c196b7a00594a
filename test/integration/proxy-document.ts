import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** A JSON Schema, as far as the document uses it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

interface OperationObject {
  readonly operationId: string;
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}

export interface Operation extends OperationObject {
  readonly method: string;
  /** With names in braces. */
  readonly path: string;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const document = JSON.parse(readFileSync(new URL('../../schema/proxy-api.openapi.json', import.meta.url), 'utf8')) as Document;

export const schemas = document.components.schemas;

export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).flatMap(([method, operation]) =>
    method === 'parameters' ? [] : [{ method: method.toUpperCase(), path, ...(operation as OperationObject) }],
  ),
);

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
ajv.addVocabulary(['components', 'paths', 'openapi', 'info', 'servers', 'tags']);
ajv.addSchema(document, 'api');

/** What in the value is not as the document's schema of that name says. */
export function schemaProblems(name: string, value: unknown): readonly string[] {
  return problemsAt(`#/components/schemas/${name}`, value);
}

/** What in an operation's answer is not as the document says: its status, its type, or its body. */
export function answerProblems(
  { path, method, responses }: Operation,
  { status, type, text }: { readonly status: number; readonly type: string; readonly text: string },
): readonly string[] {
  const response = responses[status];
  if (response === undefined) return [`the status ${status} is not documented`];
  if (response.content === undefined) return [];
  const mime = type.split(';', 1)[0] ?? '';
  if (response.content[mime] === undefined) return [`the type ${type} is not documented for ${status}`];
  let value: unknown = text;
  if (mime === 'application/json' || status >= 400) {
    try {
      value = JSON.parse(text);
    } catch {
      return [`${status} came with what is no JSON: ${text.slice(0, 100)}`];
    }
  }
  const pointer = ['paths', path, method.toLowerCase(), 'responses', `${status}`, 'content', mime, 'schema'];
  return problemsAt(`#/${pointer.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`, value);
}

function problemsAt(reference: string, value: unknown): readonly string[] {
  const validate = ajv.getSchema(`api${reference}`);
  if (validate === undefined) throw new Error(`the document has no ${reference}`);
  if (validate(value) === true) return [];
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
