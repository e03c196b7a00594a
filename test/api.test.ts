/**
 * Goal: no public name comes, goes or changes its nature without somebody saying so. `UPDATE=1 npx vitest run test/api.test.ts` rewrites the
 * list after a deliberate change; the change itself belongs into CHANGELOG.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isNode, root, sourceOf, type Node } from './architecture/source.ts';

const GOLDEN = `${root}test/golden/api.txt`;
const DOORS = {
  halfopen: { entry: 'harness/index.ts', load: () => import('../harness/index.ts') },
  'halfopen/vitest': { entry: 'harness/vitest/index.ts', load: () => import('../harness/vitest/index.ts') },
  'halfopen/proxy': { entry: 'harness/proxy/index.ts', load: () => import('../harness/proxy/index.ts') },
} as const;

interface PublicName {
  readonly name: string;
  readonly isType: boolean;
}

/** Names as the entry file declares them: a door has names only, so that this needs no type checker. */
function declaredNames(entry: string, text = readFileSync(`${root}${entry}`, 'utf8')): readonly PublicName[] {
  const body = sourceOf(entry, text).program['body'] as readonly Node[];
  return body.flatMap((node) => {
    if (node.type === 'ImportDeclaration') return [];
    if (node.type !== 'ExportNamedDeclaration' || isNode(node['declaration'])) {
      throw new SyntaxError(`Cannot list the names of ${entry} as each statement must be 'export { … } from': found ${node.type}`);
    }
    return (node['specifiers'] as readonly Node[]).map((specifier) => ({
      name: String((specifier['exported'] as Node)['name']),
      isType: node['exportKind'] === 'type' || specifier['exportKind'] === 'type',
    }));
  });
}

function natureOf(value: unknown): string {
  if (typeof value !== 'function') return 'value';
  return /^class\b/.test(Function.prototype.toString.call(value)) ? 'class' : 'function';
}

async function listDoor(door: keyof typeof DOORS): Promise<string> {
  const exported: Readonly<Record<string, unknown>> = await DOORS[door].load();
  const lines = declaredNames(DOORS[door].entry).map(({ name, isType }) => `${isType ? 'type' : natureOf(exported[name])} ${name}`);
  return [`# ${door}`, ...lines.toSorted()].join('\n');
}

describe.each(Object.keys(DOORS) as (keyof typeof DOORS)[])('%s', (door) => {
  it('exports at run time exactly the values that its file lists', async () => {
    const values = declaredNames(DOORS[door].entry).filter(({ isType }) => !isType);
    expect(values.length).toBeGreaterThan(0);
    expect(Object.keys(await DOORS[door].load()).toSorted()).toEqual(values.map(({ name }) => name).toSorted());
  });
});

it('the names are those of the golden list', async () => {
  const found = `${(await Promise.all((Object.keys(DOORS) as (keyof typeof DOORS)[]).map(listDoor))).join('\n\n')}\n`;
  if (process.env['UPDATE'] === '1') writeFileSync(GOLDEN, found);
  else expect(found).toBe(readFileSync(GOLDEN, 'utf8'));
});

it('a door that does more than name things is refused', () => {
  expect(() => declaredNames('x.ts', `export * from './a.ts';`)).toThrow(/must be 'export/);
  expect(() => declaredNames('x.ts', 'export const a = 1;')).toThrow(/must be 'export/);
  expect(declaredNames('x.ts', `export { a, type B as C } from './a.ts';`)).toEqual([
    { name: 'a', isType: false },
    { name: 'C', isType: true },
  ]);
});
