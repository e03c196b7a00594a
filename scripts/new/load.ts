import { addImport, replace } from './edits.ts';
import { keyOf, type Names, type Recipe } from './recipe.ts';

const TABLE = 'harness/run/load/index.ts';

/** A load driver that sends as the builtin one does; how arrivals are really sent is the author's. */
export const load: Recipe = {
  file: (names) => ({ path: `harness/run/load/${names.kebab}.ts`, text: template(names) }),
  changes: ({ kebab, camel }) => [
    addImport(TABLE, `import { ${camel}Driver } from './${kebab}.ts';`),
    replace(TABLE, ' } as const', `, ${keyOf(kebab)}: ${camel}Driver } as const`),
  ],
  proof: 'test/contracts/loads.test.ts',
  next: [
    'show that it keeps the open model (test/integration/load-open-model.test.ts)',
    'let check() refuse a machine that lacks what it needs; its laws are then tried by test/integration/load-drivers.test.ts',
    'describe it in docs/load.md and say in CHANGELOG.md that it is there',
  ],
};

function template({ kebab, camel }: Names): string {
  return `import { builtinDriver } from './builtin.ts';
import type { LoadDriver } from './contract.ts';

/** Say what sends the load. As it was made: what the builtin driver is. */
export const ${camel}Driver: LoadDriver = {
  kind: '${kebab}',
  needs: [],
  schema: {},
  accepts: ['open'],
  describe: () => 'say here what it is',
  // Each arrival at its intended time, whatever the answers do, and each with exactly one outcome. Never in the harness's own process.
  start: (context) => builtinDriver.start(context),
};
`;
}
