import { addBefore, addImport, addPublicName } from './edits.ts';
import { keyOf, type Names, type Recipe } from './recipe.ts';

const TABLE = 'harness/run/faults/index.ts';
const SUITE = 'test/contracts/faults.test.ts';

/** A fault that delays replies, through one toxic; what it really does is the author's. */
export const fault: Recipe = {
  file: (names) => ({ path: `harness/run/faults/${names.kebab}.ts`, text: template(names) }),
  changes: ({ kebab, camel }) => [
    addImport(TABLE, `import { ${camel}Driver } from './${kebab}.ts';`),
    addBefore(TABLE, `  ${keyOf(kebab)}: ${camel}Driver,`, / {2}\/\/ On the requests of an HTTP edge/),
    addBefore('harness/index.ts', `export { ${camel} } from './run/faults/${kebab}.ts';`, /\n\/\/ Faults on the requests/),
    addImport(SUITE, `import { ${camel} } from '../../harness/run/faults/${kebab}.ts';`),
    addBefore(SUITE, `  ${keyOf(kebab)}: [${camel}(EDGE, { delay: '20ms' })],`, /^\};/, 'const examples'),
    addPublicName(`function ${camel}`),
  ],
  proof: SUITE,
  next: ['describe it in the table of faults in README.md', 'say in CHANGELOG.md that it is there'],
};

function template({ kebab, camel, pascal, words }: Names): string {
  return `import type { FaultOf } from '../../model/fault.ts';
import type { Duration } from '../../model/time.ts';
import { msField, wholeMs } from './amounts.ts';
import type { FaultDriver } from './contract.ts';
import { anyEdge } from './edge-reach.ts';
import { addToxics, removeToxics, type EdgeToxic } from './toxics.ts';

/** Say what ${words} does to an edge; every field that the fault carries is plain data with its unit in its name. */
export interface ${pascal}<E extends string = string> extends FaultOf<'${kebab}'> {
  readonly edge: E;
  /** In milliseconds. */
  readonly delayMs: number;
}

/**
 * Say in one sentence what happens on the edge. As it was made: replies arrive \`delay\` later.
 *
 * @example
 * \`\`\`ts
 * import { ${camel} } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(${camel}('orders->payments', { delay: '20ms' }).delayMs, 20);
 * \`\`\`
 * @throws {SyntaxError} if \`delay\` is no duration
 * @throws {RangeError} if \`delay\` is under 1 ms or no whole number of milliseconds
 */
export function ${camel}<const E extends string>(edge: E, options: { readonly delay: Duration }): ${pascal}<E> {
  return { kind: '${kebab}', edge, delayMs: wholeMs(options.delay, { doing: \`disturb \${edge}\`, name: 'delay', min: 1 }) };
}

export const ${camel}Driver: FaultDriver<${pascal}> = {
  kind: '${kebab}',
  // The powers that it needs of an environment; a rule on HTTP requests (see http-delay.ts) needs 'http', a process (kill.ts) 'process'.
  needs: ['tcp'],
  schema: { edge: { type: 'edge' }, delayMs: msField(1) },
  describe: ({ edge, delayMs }) => \`\${edge}: ${words}, replies \${delayMs} ms later\`,
  reach: ({ edge }, system) => anyEdge(edge, system),
  inject: (fault, context) => addToxics(toxics(fault), context),
  // It must be safe before, after and instead of \`inject\`.
  withdraw: (fault, context) => removeToxics(toxics(fault), context),
};

function toxics({ edge, delayMs }: ${pascal}): readonly EdgeToxic[] {
  return [{ edge, stream: 'downstream', type: 'latency', attributes: { latency: delayMs, jitter: 0 } }];
}
`;
}
