import { addBefore, addImport } from './edits.ts';
import { keyOf, type Names, type Recipe } from './recipe.ts';

const TABLE = 'harness/report/index.ts';

/** A reporter that writes one line for each run; what it really writes is the author's. */
export const reporter: Recipe = {
  file: (names) => ({ path: `harness/report/${names.kebab}.ts`, text: template(names) }),
  changes: ({ kebab, camel }) => [
    addImport(TABLE, `import { ${camel} } from './${kebab}.ts';`),
    addBefore(TABLE, `  ${keyOf(kebab)}: ${camel},`, /^\} as const/),
  ],
  proof: 'test/contracts/reporters.test.ts',
  next: [
    'look at what it writes for each canned run (fixtures/recordings)',
    'name it in README.md',
    'say in CHANGELOG.md that it is there',
  ],
};

function template({ kebab, camel, pascal }: Names): string {
  return `import type { Reporter } from './contract.ts';
import { plainText } from './plain-text.ts';

/** What is kept of a run until all have ended: the recording is let go, so take no more than \`render\` needs. */
export interface ${pascal}Digest {
  readonly index: number;
  readonly requests: number;
}

/** Say who reads this and where. As it was made: one line for each run. It prints; it never phrases and never decides. */
export const ${camel}: Reporter<${pascal}Digest> = {
  kind: '${kebab}',
  file: '${kebab}.txt',
  digest: ({ recording, index }) => ({ index, requests: recording.requests.length }),
  render(outcome, digests) {
    const lines = outcome.scenarios.map(({ name, verdict, sentence }, index) => {
      const requests = digests.find((digest) => digest.index === index)?.requests ?? 0;
      // Names and sentences hold what services printed.
      return plainText(\`\${verdict}\\t\${name}\\t\${requests}\\t\${sentence}\`).replaceAll('<', '‹');
    });
    // What did not run would else be taken for passed.
    const leftOut = (outcome.leftOut ?? []).map(({ name, sentence, wayOut = '' }) =>
      plainText(\`left out\\t\${name}\\t\${sentence}\\t\${wayOut}\`).replaceAll('<', '‹'),
    );
    return [outcome.verdict, ...lines, ...leftOut, ''].join('\\n');
  },
};
`;
}
