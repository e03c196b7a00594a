// `npm run new -- <kind> <name>`: one more fault, check, probe, reporter, environment, load driver or command, as a file that works,
// with its row in the table, so that the table's contract suite tests it before its author writes a test.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recipes } from './new/index.ts';
import { namesOf, type Recipe } from './new/recipe.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const kinds = Object.keys(recipes);

/** Everything is worked out before the first file is written: a recipe that no longer fits leaves nothing behind. */
function plannedFiles(recipe: Recipe, kebab: string): ReadonlyMap<string, string> {
  const names = namesOf(kebab);
  const { path, text } = recipe.file(names);
  if (existsSync(join(root, path))) throw new Error(`Cannot make ${path} as it is there already: choose another name`);
  const files = new Map([[path, text]]);
  for (const change of recipe.changes(names)) {
    files.set(change.path, change.edit(files.get(change.path) ?? readFileSync(join(root, change.path), 'utf8')));
  }
  return files;
}

function main([kind, name, ...rest]: readonly string[]): number {
  const recipe = Object.entries<Recipe>(recipes).find(([key]) => key === kind)?.[1];
  if (recipe === undefined || name === undefined || rest.length > 0) {
    process.stderr.write(`Usage: npm run new -- <${kinds.join('|')}> <name>, such as: npm run new -- fault packet-loss\n`);
    return 2;
  }
  const files = plannedFiles(recipe, name);
  for (const [path, text] of files) writeFileSync(join(root, path), text);
  const prettier = join(root, 'node_modules/prettier/bin/prettier.cjs');
  const sources = [...files.keys()].filter((path) => path.endsWith('.ts'));
  const { status, stderr } = spawnSync(process.execPath, [prettier, '--write', ...sources], { cwd: root, encoding: 'utf8' });
  if (status !== 0) process.stderr.write(stderr);
  const [made, ...changed] = files.keys();
  process.stdout.write(`made     ${made ?? ''}\n${changed.map((path) => `changed  ${path}\n`).join('')}`);
  process.stdout.write(`\nIt works as it is. Now make it what you want:\n${recipe.next.map((step) => `  - ${step}\n`).join('')}`);
  process.stdout.write(`\nThis proves that it keeps its contract:\n  npx vitest run ${recipe.proof} && npm run check\n`);
  return status === 0 ? 0 : 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 2;
}
