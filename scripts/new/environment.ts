import { addImport, replace } from './edits.ts';
import { keyOf, type Names, type Recipe } from './recipe.ts';

const TABLE = 'harness/run/environments/index.ts';

/** An environment that runs services as the embedded one does; how a system really comes up there is the author's. */
export const environment: Recipe = {
  file: (names) => ({ path: `harness/run/environments/${names.kebab}.ts`, text: template(names) }),
  changes: ({ kebab, camel }) => [
    addImport(TABLE, `import { ${camel} } from './${kebab}.ts';`),
    replace(TABLE, ' } as const', `, ${keyOf(kebab)}: ${camel}(parts) } as const`),
  ],
  proof: 'test/contracts/environments.test.ts',
  next: [
    'show with a SIGKILL of the harness that nothing stays (test/integration/environment.test.ts)',
    'teach doctor what it needs',
    'describe it in README.md and say in CHANGELOG.md that it is there',
  ],
};

function template({ kebab, camel }: Names): string {
  return `import type { EnvironmentDriver } from './contract.ts';
import { embedded, type EmbeddedParts } from './embedded.ts';

/** Say where services run. As it was made: where the embedded environment runs them. */
export function ${camel}(parts: EmbeddedParts): EnvironmentDriver {
  const base = embedded(parts);
  return {
    kind: '${kebab}',
    // Only what it can keep: a plan that asks for more is refused before anything starts.
    powers: base.powers,
    describe: () => \`${kebab}: \${base.describe()}\`,
    // Undo is queued before do; nothing may stay, whatever throws, and whenever the harness is killed.
    up: (context) => base.up(context),
  };
}
`;
}
