import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';

/** RFC 3339 with a zone. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** What a published schema refuses in a document; none for one that keeps it. */
export function violations(schema: 'ctrf' | 'sarif-2.1.0', document: unknown): readonly string[] {
  const {
    $schema: _,
    id: __,
    ...rules
  } = JSON.parse(readFileSync(new URL(`../../schemas/${schema}.schema.json`, import.meta.url), 'utf8')) as Readonly<
    Record<string, unknown>
  >;
  const formats = {
    uri: (text: string) => URL.canParse(text),
    'uri-reference': (text: string) => URL.canParse(text, 'https://example.org/'),
    'date-time': (text: string) => DATE_TIME.test(text),
    uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  };
  const validate = new Ajv({ allErrors: true, strict: false, unicodeRegExp: false, formats }).compile(rules);
  validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message}`);
}
