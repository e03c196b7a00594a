import fc from 'fast-check';
import { schemas, type Operation, type Schema } from './proxy-document.ts';

/** How a request is put on the wire. */
export type Delivery = 'whole' | 'chunked' | 'slow' | 'cut' | 'abort';

export interface FuzzRequest {
  readonly operation: Operation;
  readonly method: string;
  readonly path: string;
  readonly userAgent: string;
  /** Latin-1 text of the body's bytes. */
  readonly body: string;
  readonly delivery: Delivery;
  /** Path and method are the operation's: the answer must be one that the document knows. */
  readonly isAddressed: boolean;
}

/** Addresses are only ever loopback's: nothing is looked up, nothing leaves the machine. */
const LISTENS = [
  '',
  '127.0.0.1:0',
  'localhost:0',
  '[::1]:0',
  '127.0.0.1:99999',
  '127.0.0.1',
  'local373',
  '127.0.0.1:-1',
  '[::1',
  ':',
  '::1:1',
];
const UPSTREAMS = ['127.0.0.1:1', '[::1]:1', 'localhost:1', 'nowhere', '', '127.0.0.1:99999', 'http://127.0.0.1:1/'];
const POOLS: Readonly<Record<string, readonly string[]>> = {
  listen: LISTENS,
  upstream: UPSTREAMS,
  host: ['127.0.0.1', 'localhost', '::1'],
};
const NAMES = [
  'p',
  'q',
  'a->b',
  'a b',
  'é',
  '😀',
  '__proto__',
  'constructor',
  'toString',
  '.',
  '..',
  'a/b',
  '%',
  'down',
  'p#1',
  `${'x'.repeat(300)}`,
];
const AS_NAME = new Set(['name', 'edge', 'owner']);

const oddText = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('', '\u0000', '\uD800', '\uFEFF', "'; --", '\r\nX: y', 'x'.repeat(5000), 'null', '5'),
);
const oddNumber = fc.constantFrom(0, -0, -1, 0.5, 1e-9, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, 1e21, 1e308, -1e308);
const deep = fc.integer({ min: 1, max: 200 }).map((depth) => {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
});
const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, false, [], {}, [null], [[]], { toString: 1 }, JSON.parse('{"__proto__":{"x":1}}') as unknown),
  oddNumber,
  oddText,
  deep,
);

/** Values that a schema describes. */
function valueOf(schema: Schema, key = ''): fc.Arbitrary<unknown> {
  if (schema.$ref !== undefined) return valueOf(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, key);
  const several = schema.anyOf ?? schema.oneOf;
  if (several !== undefined) return fc.oneof(...several.map((each) => valueOf(each, key)));
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  const types = [schema.type ?? 'any'].flat();
  return fc.oneof(...types.map((type) => valueOfType(schema, type, key)));
}

function valueOfType(schema: Schema, type: string, key: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(valueOf(schema.items ?? {}, key), { maxLength: 3 });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'integer':
    case 'number':
      return numberOf(schema, type === 'integer');
    case 'string':
      return textOf(schema, key);
    default:
      return junk;
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema): fc.Arbitrary<unknown> {
  const known = Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, valueOf(each, name)]));
  if (typeof additionalProperties === 'object')
    return fc.dictionary(fc.constantFrom('x-a', 'X-B', 'accept'), valueOf(additionalProperties), { maxKeys: 2 });
  return fc.record(known, { requiredKeys: required.filter((name) => name in known), noNullPrototype: true });
}

function numberOf({ minimum = -1000, maximum = 1e6, exclusiveMaximum }: Schema, isWhole: boolean): fc.Arbitrary<number> {
  const max = exclusiveMaximum ?? maximum;
  const small = fc.integer({ min: Math.ceil(minimum), max: Math.min(Math.floor(max), Math.ceil(minimum) + 200) });
  return isWhole ? fc.oneof(small, fc.constantFrom(minimum, max)) : fc.oneof(small, fc.double({ min: minimum, max, noNaN: true }));
}

function textOf({ pattern, minLength = 0 }: Schema, key: string): fc.Arbitrary<string> {
  const pool = POOLS[key];
  if (pool !== undefined) return fc.constantFrom(...pool);
  if (AS_NAME.has(key)) return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...NAMES) }, { weight: 1, arbitrary: oddText });
  if (pattern !== undefined)
    return fc.oneof({ weight: 3, arbitrary: fc.stringMatching(new RegExp(pattern)) }, { weight: 1, arbitrary: oddText });
  return fc.oneof(fc.constantFrom('/x', '/*', 'GET', 'text'), oddText).filter((text) => text.length >= minLength);
}

/** The value with one of its parts replaced, left out, or under another spelling of its name. */
function mutated(value: unknown, at: number, how: 'replace' | 'remove' | 'rename', by: unknown): unknown {
  let left = at;
  const visit = (part: unknown, key: string): unknown => {
    // A text that is looked up as a host's name is never made up.
    if (left-- === 0 && how === 'replace') return POOLS[key] !== undefined && typeof by === 'string' ? part : by;
    if (Array.isArray(part)) return part.map((each) => visit(each, key));
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(
      Object.entries(part).flatMap(([name, each]) => {
        if (left === 0 && how === 'remove') return (left--, []);
        if (left === 0 && how === 'rename') return (left--, [[name.toUpperCase(), each]]);
        return [[name, visit(each, name)]];
      }),
    );
  };
  return visit(value, '');
}

const asBytes = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/** The body's bytes: as the schema says, or not quite, or not at all. */
function bodyOf({ requestBody }: Operation): fc.Arbitrary<string> {
  const schema = requestBody?.content['application/json']?.schema;
  const valid = schema === undefined ? junk : valueOf(schema);
  const json = valid.map((value) => asBytes(JSON.stringify(value)));
  const wrong = fc
    .tuple(valid, fc.nat({ max: 12 }), fc.constantFrom('replace' as const, 'remove' as const, 'rename' as const), junk)
    .map(([value, at, how, by]) => asBytes(JSON.stringify(mutated(value, at, how, by)) ?? ''));
  const broken = fc
    .tuple(json, fc.nat())
    .chain(([text, at]) =>
      fc.constantFrom(
        text.slice(0, at % (text.length + 1)),
        `${text}${text}`,
        `\u00EF\u00BB\u00BF${text}`,
        text.replace(/\d+/, '1e999'),
        text.replace('"', '"\u00FF\u00FE'),
        text.replace('{', '{"name":"p","name":5,'),
        '['.repeat(100_000),
        '{"a":'.repeat(50_000),
        '',
        '"',
        'null',
        '\u0000',
        '-',
      ),
    );
  return fc.oneof({ weight: 5, arbitrary: json }, { weight: 4, arbitrary: wrong }, { weight: 2, arbitrary: broken });
}

function pathOf({ path }: Operation): fc.Arbitrary<{ readonly path: string; readonly isPlain: boolean }> {
  const name = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .constantFrom('p', 'q', 'a->b', 'a--b', 'é', '__proto__')
        .map((text) => ({ text: encodeURIComponent(text), isPlain: true })),
    },
    {
      weight: 1,
      arbitrary: fc
        .oneof(fc.constantFrom(...NAMES), oddText)
        .map((text) => ({ text: encodeURIComponent(text.toWellFormed()), isPlain: false })),
    },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom('', '%', '%zz', '%2f', '%00', '%E0%A4', '%2e%2e', '..', '.', 'a;b', '*')
        .map((text) => ({ text, isPlain: false })),
    },
  );
  return fc
    .tuple(fc.array(name, { minLength: 3, maxLength: 3 }), fc.constantFrom('', '', '', '', '', '?a=b', '/', '?', '#x'))
    .map(([names, end]) => {
      let used = 0;
      const filled = path.replaceAll(/\{\w+\}/g, () => names[used++]?.text ?? '');
      return { path: `${filled}${end}`, isPlain: !['/', '#x'].includes(end) && names.slice(0, used).every(({ isPlain }) => isPlain) };
    });
}

/** Requests that the document describes, and others near them. */
export function requestsOf(operations: readonly Operation[]): fc.Arbitrary<FuzzRequest> {
  return fc.constantFrom(...operations).chain((operation) =>
    fc
      .record({
        at: pathOf(operation),
        body:
          operation.requestBody === undefined
            ? fc.oneof({ weight: 4, arbitrary: fc.constant('') }, { weight: 1, arbitrary: bodyOf(operation) })
            : bodyOf(operation),
        method: fc.oneof(
          { weight: 9, arbitrary: fc.constant(operation.method) },
          { weight: 1, arbitrary: fc.constantFrom('GET', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'PATCH', 'TRACE', 'POST') },
        ),
        userAgent: fc.oneof({ weight: 19, arbitrary: fc.constant('fuzz') }, { weight: 1, arbitrary: fc.constantFrom('Mozilla/5.0', '') }),
        delivery: fc.oneof(
          { weight: 12, arbitrary: fc.constant('whole' as const) },
          { weight: 3, arbitrary: fc.constantFrom('chunked' as const, 'slow' as const, 'cut' as const, 'abort' as const) },
        ),
      })
      .map(({ at, body, method, userAgent, delivery }) => ({
        operation,
        method,
        path: at.path,
        userAgent,
        body,
        delivery,
        isAddressed: at.isPlain && method === operation.method && !userAgent.startsWith('Mozilla/'),
      })),
  );
}
