import { readdirSync, readFileSync } from 'node:fs';
import { readHarness, root, sourceOf, isNode, lineOf, type Node } from '../architecture/source.ts';

/** A piece of TypeScript that a document shows. */
export interface Example {
  /** `README.md:48`. */
  readonly place: string;
  /** Folder and file that it is written to; examples of one document share a folder and may import each other. */
  readonly folder: string;
  readonly file: string;
  readonly code: string;
  /** False for what only a test runner can run; its types are checked all the same. */
  readonly isRun: boolean;
}

export const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/**
 * The fenced `ts` blocks of a Markdown text. A first line such as `// scenarios/shop.system.ts` names the block's file; ```` ```ts compile ````
 * marks one that is compiled and not run.
 */
export function fencedExamples(document: string, text: string): readonly Example[] {
  return [...text.matchAll(/^```ts([^\n]*)\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, info = '', code = ''] = match;
    const line = lineOf(text, match.index) + 1;
    const file = /^\/\/ ([\w./-]+\.ts)\n/.exec(code)?.[1] ?? `line-${line}.ts`;
    return {
      place: `${document}:${line}`,
      folder: document.replace(/\W+/g, '-').toLowerCase(),
      file,
      code,
      isRun: info.trim() !== 'compile',
    };
  });
}

/** The `@example` blocks of a source file that import the package. */
export function docstringExamples(path: string, text: string): readonly Example[] {
  return [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap((comment) => {
    const prose = comment[0].replace(/^[ \t]*\* ?/gm, '');
    return [...prose.matchAll(/@example[^\n]*\n```ts\n([\s\S]*?)^```$/gm)].map((match) => {
      const line = lineOf(text, comment.index) + lineOf(prose, match.index) + 1;
      const [, code = ''] = match;
      const isRun = !code.includes(`'halfopen/vitest'`);
      return { place: `harness/${path}:${line}`, folder: 'docstrings', file: `${path.replace(/\W+/g, '-')}-${line}.ts`, code, isRun };
    });
  });
}

export function allExamples(): readonly Example[] {
  const documents = DOCUMENTS.flatMap((document) => fencedExamples(document, readFileSync(`${root}${document}`, 'utf8')));
  const docstrings = readHarness().flatMap(({ path, text }) => docstringExamples(path, text));
  return [...documents, ...docstrings];
}

/** The functions that a module exports, each with the comment above it. */
export function exportedFunctions(path: string, text: string): readonly { readonly name: string; readonly comment: string }[] {
  const body = sourceOf(path, text).program['body'] as readonly Node[];
  return body.flatMap((node) => {
    const declaration = node['declaration'];
    if (!isNode(declaration) || declaration.type !== 'FunctionDeclaration' || !isNode(declaration['id'])) return [];
    const comment = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(text.slice(0, node.start))?.[0] ?? '';
    return [{ name: String(declaration['id']['name']), comment }];
  });
}
