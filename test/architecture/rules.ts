import { nodesOf, isNode, lineOf, type Import, type Node, type Source } from './source.ts';
import { PACKAGES, stageOf, type KindTable, type Stage } from './table.ts';

/** Globals that let the world (its clock, its chance, its state) into a stage that must not know it. */
const IMPURE_GLOBALS = ['process', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'Buffer', 'console', 'globalThis'];
const IMPURE_MEMBERS = ['Date.now', 'Math.random', 'crypto.randomUUID', 'crypto.getRandomValues'];
const LINES_MAX = 400;
const VAGUE_WORDS = ['util', 'utils', 'helper', 'helpers', 'common', 'lib', 'misc'];

/** Imports that the table of stages does not allow. */
export function importProblems(source: Source): readonly string[] {
  const stage = stageOf(source.path);
  if (stage === undefined) return [`${source.path}: belongs to no stage of test/architecture/table.ts`];
  return source.imports.flatMap((found) => {
    const reason = refusal(stage, source.path, found);
    return reason === null ? [] : [`${source.path}:${found.line}: ${reason}`];
  });
}

function refusal(stage: Stage, path: string, found: Import): string | null {
  const { specifier, target, typeOnly } = found;
  if (!specifier.startsWith('.')) {
    if (specifier.startsWith('node:')) return allows(stage, found) ? null : `'${stage.stage}' must not import '${specifier}'`;
    return packageRefusal(path, specifier);
  }
  if (!specifier.endsWith('.ts')) return `'${specifier}' must end in .ts`;
  if (target.startsWith('..')) return `'${specifier}' lies outside harness/`;
  if (stageOf(target)?.stage === stage.stage || allows(stage, found)) return null;
  return `'${stage.stage}' must not import ${typeOnly ? 'types of ' : ''}'${target}'`;
}

function packageRefusal(path: string, specifier: string): string | null {
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const places = PACKAGES[name];
  if (places === undefined) return `the package '${specifier}' is in no file's list`;
  if (places.some((place) => path === place || path.startsWith(`${place}/`))) return null;
  return `only ${places.join(', ')} may import '${name}'`;
}

function allows({ mayImport }: Stage, { target, typeOnly }: Import): boolean {
  return mayImport.some((entry) => {
    const onlyTypes = entry.startsWith('types of ');
    if (onlyTypes && !typeOnly) return false;
    const place = onlyTypes ? entry.slice('types of '.length) : entry;
    if (place === 'node:') return target.startsWith('node:');
    const pattern = place.split('*').map(escaped).join('[^/]+');
    return new RegExp(`^${pattern}(/|$)`).test(target);
  });
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
}

/** Uses of the clock, of chance or of the process in a stage that is pure (or, for the viewer, of the process). */
export function purityProblems(source: Source): readonly string[] {
  const kind = stageOf(source.path)?.kind;
  if (kind !== 'pure' && kind !== 'browser') return [];
  const globals = kind === 'pure' ? IMPURE_GLOBALS : ['process', 'Buffer'];
  const problems: string[] = [];
  const say = (node: Node, what: string): void => {
    problems.push(`${source.path}:${lineOf(source.text, node.start)}: ${kind} code must not use ${what}`);
  };
  for (const node of nodesOf(source.program)) {
    if (kind === 'pure' && IMPURE_MEMBERS.includes(memberOf(node))) say(node, memberOf(node));
    if (kind === 'pure' && isCurrentDate(node)) say(node, 'the current date');
  }
  for (const node of referencesOf(source.program)) {
    if (globals.includes(node['name'] as string)) say(node, node['name'] as string);
  }
  return problems;
}

function keyOf(node: unknown): string {
  return isNode(node) && typeof node['name'] === 'string' ? node['name'] : '';
}

/** `Date.now` of a member expression, however it is called. */
function memberOf(node: Node): string {
  if (node.type !== 'MemberExpression' || !isNode(node['object'])) return '';
  const property = node['property'];
  const name = isNode(property) && typeof property['value'] === 'string' ? property['value'] : keyOf(property);
  return `${keyOf(node['object'])}.${name}`;
}

function isCurrentDate(node: Node): boolean {
  const isDate = isNode(node['callee']) && keyOf(node['callee']) === 'Date';
  if (node.type === 'CallExpression') return isDate;
  return node.type === 'NewExpression' && isDate && (node['arguments'] as readonly unknown[]).length === 0;
}

/** Identifiers that stand for a value: no property names, no keys. A local of such a name counts too, and is better renamed. */
function* referencesOf(node: Node): Generator<Node> {
  if (node.type === 'Identifier') yield node;
  for (const [key, value] of Object.entries(node)) {
    const isName = (key === 'property' || key === 'key') && node['computed'] !== true;
    if (isName || key === 'typeAnnotation' || key === 'typeArguments') continue;
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child) && !child.type.startsWith('TSInterface') && child.type !== 'TSTypeAliasDeclaration') yield* referencesOf(child);
    }
  }
}

/** Names that say nothing, files that are too long, files that only work from source. */
export function tidyProblems(source: Source): readonly string[] {
  const { path, text } = source;
  const problems: string[] = [];
  const words = path.replace(/\.ts$/, '').split(/[/.-]/);
  const vague = words.find((word) => VAGUE_WORDS.includes(word)) ?? (/(^|\/)types(\/|\.ts$)/.test(path) ? 'types' : undefined);
  if (vague !== undefined) problems.push(`${path}: '${vague}' says nothing of what is inside`);
  if (!/^[a-z0-9./-]+$/.test(path)) problems.push(`${path}: names are lower case with dashes`);
  const lines = text.trimEnd().split('\n').length;
  if (lines > LINES_MAX) problems.push(`${path}: ${lines} lines, more than ${LINES_MAX}`);
  for (const node of nodesOf(source.program)) {
    if (node.type !== 'NewExpression' || keyOf(node['callee']) !== 'URL') continue;
    const [first] = node['arguments'] as readonly unknown[];
    if (isNode(first) && typeof first['value'] === 'string' && /\.[tj]s$/.test(first['value'])) {
      problems.push(`${path}:${lineOf(text, node.start)}: derive the extension of '${first['value']}' from this file's own`);
    }
  }
  return problems;
}

/** Rows of a table's folder, and those that its `index.ts` does not import. */
export function tableProblems(
  table: KindTable,
  sources: readonly Source[],
): { readonly rows: number; readonly problems: readonly string[] } {
  const inside = sources.filter(({ path }) => path.startsWith(`${table.folder}/`));
  const index = inside.find(({ path }) => path === `${table.folder}/index.ts`);
  if (index === undefined) return { rows: 0, problems: [`${table.folder}: has no index.ts`] };
  const listed = new Set(index.imports.map(({ target }) => target));
  const rows = inside.filter((source) => source !== index && declaresRow(source, table.row));
  const problems = rows.filter(({ path }) => !listed.has(path)).map(({ path }) => `${path}: is no row of ${index.path}`);
  return { rows: rows.length, problems };
}

/** An exported constant of that type, or an exported function that returns it. */
function declaresRow({ program }: Source, row: string): boolean {
  return (program['body'] as readonly Node[]).some((node) => {
    const declaration = node.type === 'ExportNamedDeclaration' ? node['declaration'] : undefined;
    if (!isNode(declaration)) return false;
    if (declaration.type === 'FunctionDeclaration') return typeNameOf(declaration['returnType']) === row;
    if (declaration.type !== 'VariableDeclaration') return false;
    return (declaration['declarations'] as readonly Node[]).some(({ id }) => isNode(id) && typeNameOf(id['typeAnnotation']) === row);
  });
}

function typeNameOf(annotation: unknown): string {
  const type = isNode(annotation) ? annotation['typeAnnotation'] : undefined;
  return isNode(type) ? keyOf(type['typeName']) : '';
}

/** Places where shared code asks for one kind by name instead of letting the kind declare what it needs. */
export function kindQuestions(source: Source, kinds: readonly string[], home: string): readonly string[] {
  if (source.path.startsWith(`${home}/`)) return [];
  const problems: string[] = [];
  for (const node of nodesOf(source.program)) {
    if (node.type !== 'BinaryExpression' || !/^[!=]==?$/.test(String(node['operator']))) continue;
    const sides = [node['left'], node['right']].filter(isNode);
    const asksKind = sides.some((side) => side.type === 'MemberExpression' && ['kind', 'check'].includes(keyOf(side['property'])));
    const kind = sides.map((side) => side['value']).find((value) => typeof value === 'string' && kinds.includes(value));
    if (asksKind && kind !== undefined) {
      problems.push(
        `${source.path}:${lineOf(source.text, node.start)}: asks whether something is '${kind as string}'; let the kind declare it`,
      );
    }
  }
  return problems;
}
