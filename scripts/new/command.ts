import { addBefore, addImport } from './edits.ts';
import { keyOf, type Names, type Recipe } from './recipe.ts';

const TABLE = 'harness/cli/index.ts';

/** A command that prints one line; what it really does is the author's. */
export const command: Recipe = {
  file: (names) => ({ path: `harness/cli/${names.kebab}.ts`, text: template(names) }),
  changes: ({ kebab, camel }) => [
    addImport(TABLE, `import { ${camel} } from './${kebab}.ts';`),
    addBefore(TABLE, `  ${keyOf(kebab)}: ${camel},`, /^\} as const/),
  ],
  proof: 'test/contracts/commands.test.ts',
  next: ['write its test with the real binary (test/cli)', 'show it in README.md', 'say in CHANGELOG.md that it is there'],
};

function template({ kebab, camel, words }: Names): string {
  return `import { EXIT_CODES } from '../model/verdict.ts';
import type { Command } from './contract.ts';

export const ${camel}: Command = {
  name: '${kebab}',
  parameters: '[name...]',
  summary: 'say in a few words what ${words} does',
  flags: [{ flags: '--json', description: 'as JSON' }],
  examples: [
    ['${kebab}', 'what it does without anything'],
    ['${kebab} --json', 'the same for a program'],
  ],
  run({ args, options }) {
    process.stdout.write(options['json'] === true ? \`\${JSON.stringify(args)}\\n\` : \`\${args.join(' ')}\\n\`);
    return Promise.resolve(EXIT_CODES.pass);
  },
};
`;
}
