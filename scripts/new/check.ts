import { addBefore, addImport, addPublicName, replace } from './edits.ts';
import type { Names, Recipe } from './recipe.ts';

const TABLE = 'harness/analysis/checks/index.ts';
const SUITE = 'test/contracts/checks.test.ts';
const SENTENCES = 'harness/verdict/explain-checks.ts';
const SENTENCES_BEGIN = 'const truthExplanations: Explanations = {\n';

/** A check that counts calls under a fault; what it really looks at is the author's. */
export const check: Recipe = {
  file: (names) => ({ path: `harness/analysis/checks/${names.kebab}.ts`, text: template(names) }),
  changes: ({ kebab, camel }) => [
    addImport(TABLE, `import { ${camel}Check } from './${kebab}.ts';`),
    addBefore(TABLE, `  ${camel}: ${camel}Check,`, /^\} as const/),
    addBefore('harness/index.ts', `export { ${camel} } from './analysis/checks/${kebab}.ts';`, /\n\/\/ Running\./),
    replace(SENTENCES, SENTENCES_BEGIN, `${SENTENCES_BEGIN}${sentence(kebab)}`),
    addImport(SUITE, `import { ${camel} } from '../../harness/analysis/checks/${kebab}.ts';`),
    addBefore(SUITE, `  ${camel}: ${camel}({ edge: 'orders->payments', during: 'storm', callsMin: 5 }),`, /^\};/, 'const examples'),
    addPublicName(`function ${camel}`),
  ],
  proof: SUITE,
  next: [
    'write its test: one passing, one failing and one starved recording (test/recordings.ts)',
    'describe it in the table of checks in README.md',
    'say in CHANGELOG.md that it is there',
  ],
};

function sentence(kebab: string): string {
  return `  '${kebab}': (values) => ({
    expected: \`at least \${countOf(values, 'callsMin', 'call')}\`,
    measured: countOf(values, 'calls', 'call'),
    sentence: \`During \${textOf(values, 'of')}, \${textOf(values, 'edge')} saw \${countOf(values, 'calls', 'call')}; at least \${textOf(values, 'callsMin')} were expected.\`,
  }),
`;
}

function template({ kebab, camel, pascal }: Names): string {
  return `import type { Expectation } from '../../model/scenario.ts';
import { numberFrom } from './arguments.ts';
import type { Check } from './contract.ts';
import { cutOff, faultNotInForce, findingOf, rowsOf, type Result } from './finding.ts';
import { missingMs } from './timeline.ts';

/** Say what must hold; every field that the expectation carries is plain data. */
export interface ${pascal}<E extends string = string, F extends string = string> extends Expectation<E, never, F, never, never> {
  readonly check: '${camel}';
  readonly edge: E;
  readonly of: F;
  readonly callsMin: number;
}

/**
 * Say in one sentence what must hold, from when to when, and what it takes to tell. As it was made: at least \`callsMin\` calls
 * are seen on an edge while a fault is in force.
 *
 * @example
 * \`\`\`ts
 * import { ${camel} } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.equal(${camel}({ edge: 'orders->payments', during: 'storm', callsMin: 5 }).of, 'storm');
 * \`\`\`
 * @throws {RangeError} if \`callsMin\` is below 1
 */
export function ${camel}<const E extends string, const F extends string>(options: {
  readonly edge: E;
  readonly during: F;
  readonly callsMin: number;
}): ${pascal}<E, F> {
  const { edge, during, callsMin } = options;
  return { check: '${camel}', edge, of: during, callsMin: numberFrom(callsMin, 1, 'callsMin', \`calls on \${edge}\`) };
}

export const ${camel}Check: Check<${pascal}> = {
  kind: '${camel}',
  // The powers without which there is no evidence for it.
  needs: ['tap'],
  schema: { edge: { type: 'edge' }, of: { type: 'fault' }, callsMin: { type: 'integer', min: 1 } },
  describe: ({ edge, of, callsMin }) => \`\${edge} sees at least \${callsMin} calls during \${of}\`,
  // What this plan's timeline can never show must be refused here: such an expectation could not fail.
  problems: () => [],
  evaluate(expectation, evidence) {
    return findingOf(expectation, expectation.edge, {
      expected: { value: expectation.callsMin, unit: 'count' },
      ...evaluate(expectation, evidence),
    });
  },
};

/** Three answers: pass, fail, and "cannot tell" where evidence is missing. */
function evaluate({ edge, of, callsMin }: ${pascal}, evidence: Parameters<typeof ${camel}Check.evaluate>[1]): Result {
  const span = evidence.faultSpan(of);
  if (span === null) return faultNotInForce(of);
  if (missingMs(evidence) > 0) return cutOff(missingMs(evidence));
  const calls = evidence.exchangesIn(span, edge);
  return {
    verdict: calls.length >= callsMin ? 'pass' : 'fail',
    code: '${kebab}',
    values: { edge, of, calls: calls.length, callsMin },
    measured: { value: calls.length, unit: 'count' },
    evidence: rowsOf(
      'exchanges',
      calls.map(({ id }) => id),
      span,
    ),
  };
}
`;
}
