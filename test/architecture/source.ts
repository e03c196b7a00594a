import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vitest/node';

/** A node of the syntax tree, as far as the rules look into it. */
export type Node = Readonly<Record<string, unknown>> & { readonly type: string; readonly start: number };

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The file, relative to `harness/`, or the specifier itself for Node's modules and packages. */
  readonly target: string;
  readonly typeOnly: boolean;
  readonly line: number;
}

/** One source file, parsed; `path` is relative to `harness/`. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: Node;
  readonly imports: readonly Import[];
}

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Every TypeScript file of `harness/` that people write. */
export function readHarness(): readonly Source[] {
  return readdirSync(`${root}harness`, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.generated.ts'))
    .toSorted()
    .map((path) => sourceOf(path, readFileSync(`${root}harness/${path}`, 'utf8')));
}

export function sourceOf(path: string, text: string): Source {
  const program = parseAst(text, { lang: 'ts' }) as unknown as Node;
  const imports: Import[] = [];
  for (const node of nodesOf(program)) {
    const found = importOf(node);
    if (found === null) continue;
    const target = found.specifier.startsWith('.') ? posix.join(posix.dirname(path), found.specifier) : found.specifier;
    imports.push({ ...found, target, line: lineOf(text, node.start) });
  }
  return { path, text, program, imports };
}

export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** Every node below and including this one. */
export function* nodesOf(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child)) yield* nodesOf(child);
    }
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as Node)['type'] === 'string';
}

function importOf(node: Node): { readonly specifier: string; readonly typeOnly: boolean } | null {
  switch (node.type) {
    case 'ImportDeclaration': {
      const specifiers = node['specifiers'] as readonly Node[];
      const onlyTypes = specifiers.length > 0 && specifiers.every((specifier) => specifier['importKind'] === 'type');
      return { specifier: textOf(node['source']), typeOnly: node['importKind'] === 'type' || onlyTypes };
    }
    case 'ExportAllDeclaration':
      return { specifier: textOf(node['source']), typeOnly: node['exportKind'] === 'type' };
    case 'ExportNamedDeclaration': {
      if (!isNode(node['source'])) return null;
      const specifiers = node['specifiers'] as readonly Node[];
      const onlyTypes = specifiers.length > 0 && specifiers.every((specifier) => specifier['exportKind'] === 'type');
      return { specifier: textOf(node['source']), typeOnly: node['exportKind'] === 'type' || onlyTypes };
    }
    case 'ImportExpression':
      return { specifier: textOf(node['source']), typeOnly: false };
    case 'TSImportType':
      return { specifier: textOf(node['source'] ?? node['argument']), typeOnly: true };
    default:
      return null;
  }
}

/** A specifier that is no literal reads as `(computed)`. */
function textOf(value: unknown): string {
  if (!isNode(value)) return '(computed)';
  if (typeof value['value'] === 'string') return value['value'];
  return isNode(value['literal']) ? textOf(value['literal']) : '(computed)';
}
