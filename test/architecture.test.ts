/**
 * Goal: the code keeps to the shape that ARCHITECTURE.md draws. Each rule is first shown to refuse a planted breach, then held against
 * every file of harness/, and says how much it saw: a rule that looked at nothing fails.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checks } from '../harness/analysis/checks/index.ts';
import { faultDrivers } from '../harness/run/faults/index.ts';
import { importProblems, kindQuestions, purityProblems, tableProblems, tidyProblems } from './architecture/rules.ts';
import { readHarness, root, sourceOf } from './architecture/source.ts';
import { KIND_TABLES, PACKAGES, printStages, STAGES, stageOf } from './architecture/table.ts';

const sources = readHarness();
const imports = sources.flatMap((source) => source.imports);

describe('the rules refuse what they are for', () => {
  it.each([
    ['a pure stage that imports a Node module', 'plan/x.ts', `import { readFileSync } from 'node:fs';`],
    ['a pure stage that imports a Node module for its types', 'plan/x.ts', `import type { Stats } from 'node:fs';`],
    ['the model importing a stage', 'model/x.ts', `import { compilePlan } from '../plan/compile.ts';`],
    ['a stage importing another, as a type', 'analysis/x.ts', `import type { Words } from '../verdict/explanation.ts';`],
    ['a re-export from another stage', 'verdict/x.ts', `export * from '../analysis/evidence.ts';`],
    ['a named re-export from another stage', 'verdict/x.ts', `export { a } from '../analysis/evidence.ts';`],
    ['a dynamic import of another stage', 'verdict/x.ts', `const a = await import('../analysis/evidence.ts');`],
    ['a dynamic import of what is computed', 'plan/x.ts', `const a = await import(name);`],
    ['an import inside a type', 'verdict/x.ts', `export type A = import('../analysis/evidence.ts').Evidence;`],
    ['an import for its effect', 'scenario/x.ts', `import '../run/perform.ts';`],
    ["a value of another part's contract", 'run/faults/x.ts', `import { faultOfToxic } from '../proxy/contract.ts';`],
    ['a type of a part that is not its contract', 'run/faults/x.ts', `import type { A } from '../proxy/registry.ts';`],
    ['a package in a file that is not its own', 'run/load/x.ts', `import { Agent } from 'undici';`],
    ['a package by a deeper path', 'run/load/x.ts', `import Ajv from 'ajv/dist/2020.js';`],
    ['a package that nobody may import', 'run/load/x.ts', `import chalk from 'chalk';`],
    ['an import without its extension', 'plan/x.ts', `import { a } from './compile';`],
    ['an import from outside', 'plan/x.ts', `import { a } from '../../test/recordings.ts';`],
    ['the recording reaching for the network', 'recording/x.ts', `import { connect } from 'node:net';`],
    ['the viewer importing more of the report than their one document', 'report/html/viewer/x.ts', `import { a } from '../digest.ts';`],
    ['a file of no stage', 'somewhere/x.ts', `export const a = 1;`],
  ])('%s', (_, path, text) => {
    expect(importProblems(sourceOf(path, text))).toHaveLength(1);
  });

  it.each([
    ['the clock', 'export const a = () => Date.now();'],
    ['the clock in brackets', `export const a = () => Date['now']();`],
    ['the current date', 'export const a = new Date();'],
    ['the current date as text', 'export const a = Date();'],
    ['chance', 'export const a = Math.random;'],
    ['the performance clock', 'export const a = performance.now();'],
    ['the process', 'export const a = process.env;'],
    ['a timer', 'setTimeout(() => 1, 2);'],
    ['a shorthand', 'export const a = { process };'],
    ['a way around', 'export const a = globalThis;'],
    ['the console', 'console.log(1);'],
  ])('%s in a pure stage', (_, text) => {
    expect(purityProblems(sourceOf('analysis/x.ts', text))).toHaveLength(1);
    expect(purityProblems(sourceOf('run/x.ts', text))).toEqual([]);
  });

  it('and leaves alone what only has such a name', () => {
    const innocent = `import type { A } from './b.ts';
      // process.exit and Date.now() in a comment, 'Math.random' in a text
      export interface C { readonly process: string; performance(): void }
      export const a = (thing: C, at: string) => [thing.process, { process: 1 }, new Date(at), 'Date.now()', thing.performance()];`;
    expect(purityProblems(sourceOf('analysis/x.ts', innocent))).toEqual([]);
    expect(importProblems(sourceOf('analysis/x.ts', innocent))).toEqual([]);
  });

  it.each([
    ['a vague name', 'model/text-utils.ts', ''],
    ['a vague folder', 'run/common/x.ts', ''],
    ['a file of types', 'plan/types.ts', ''],
    ['capitals', 'plan/Compile.ts', ''],
    ['a file that is too long', 'plan/x.ts', 'export {};\n'.repeat(401)],
    ['a child process that exists only in source', 'run/x.ts', `export const a = new URL('./main.ts', import.meta.url);`],
  ])('%s', (_, path, text) => {
    expect(tidyProblems(sourceOf(path, text))).toHaveLength(1);
  });

  it('a kind that is no row of its table', () => {
    const table = { folder: 'run/faults', row: 'FaultDriver', rowsMin: 1 };
    const index = sourceOf('run/faults/index.ts', `import { a } from './a.ts';`);
    const rows = ['a', 'b'].map((name) => sourceOf(`run/faults/${name}.ts`, `export const ${name}: FaultDriver<X> = {};`));
    const made = sourceOf('run/faults/c.ts', `export function c(): FaultDriver { return d; }`);
    const shared = sourceOf('run/faults/reach.ts', 'export function reach(): string[] { return []; }');
    expect(tableProblems(table, [index, ...rows, made, shared])).toEqual({
      rows: 3,
      problems: ['run/faults/b.ts: is no row of run/faults/index.ts', 'run/faults/c.ts: is no row of run/faults/index.ts'],
    });
  });

  it('shared code that asks for one kind', () => {
    const text = `export const a = (fault: F) => fault.kind === 'latency' || 'reset' !== fault.kind || fault.kind === 'other';`;
    expect(kindQuestions(sourceOf('run/inject.ts', text), ['latency', 'reset'], 'run/faults')).toHaveLength(2);
    expect(kindQuestions(sourceOf('run/faults/latency.ts', text), ['latency', 'reset'], 'run/faults')).toEqual([]);
  });
});

describe('harness/', () => {
  it('was seen: each stage has files, each file was parsed, imports were found in most', () => {
    expect(sources.length).toBeGreaterThan(200);
    expect(imports.length).toBeGreaterThan(700);
    expect(imports.filter(({ typeOnly }) => typeOnly).length).toBeGreaterThan(300);
    const seen = new Set(sources.map(({ path }) => stageOf(path)?.stage));
    expect(STAGES.filter(({ stage }) => !seen.has(stage))).toEqual([]);
    const packages = new Set(
      imports.map(({ specifier }) =>
        specifier
          .split('/')
          .slice(0, specifier.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
    );
    expect(Object.keys(PACKAGES).filter((name) => !packages.has(name))).toEqual([]);
  });

  it('imports only what its stage may import', () => {
    expect(sources.flatMap(importProblems)).toEqual([]);
  });

  it('points only at files that exist', () => {
    const generated = ['report/html/viewer', 'run/load/k6/runner', 'run/load/k6/stock-runner'].map((path) => `${path}.generated.ts`);
    const known = new Set([...sources.map(({ path }) => path), ...generated]);
    expect(imports.filter(({ specifier, target }) => specifier.startsWith('.') && !known.has(target))).toEqual([]);
  });

  it('keeps the clock, chance and the process out of its pure stages', () => {
    expect(sources.filter(({ path }) => stageOf(path)?.kind === 'pure').length).toBeGreaterThan(80);
    expect(sources.flatMap(purityProblems)).toEqual([]);
  });

  it('has names that say something and files that can be read at one sitting', () => {
    expect(sources.flatMap(tidyProblems)).toEqual([]);
  });

  it.each(KIND_TABLES)('lists each $row of $folder', (table) => {
    const { rows, problems } = tableProblems(table, sources);
    expect(problems).toEqual([]);
    expect(rows).toBeGreaterThanOrEqual(table.rowsMin);
  });

  it('never asks "is it X?" outside the folder of X', () => {
    const faults = sources.flatMap((source) => kindQuestions(source, Object.keys(faultDrivers), 'run/faults'));
    const expectations = sources.flatMap((source) => kindQuestions(source, Object.keys(checks), 'analysis/checks'));
    expect([...faults, ...expectations]).toEqual([]);
  });
});

it('ARCHITECTURE.md prints the table that this test holds the code to (UPDATE=1 rewrites it)', () => {
  const path = `${root}ARCHITECTURE.md`;
  const text = readFileSync(path, 'utf8');
  const parts = /^([\s\S]*<!-- imports:begin -->\n)([\s\S]*?)(\n<!-- imports:end -->[\s\S]*)$/.exec(text);
  expect(parts, 'the markers <!-- imports:begin --> and <!-- imports:end -->').not.toBeNull();
  const [, before = '', printed = '', after = ''] = parts ?? [];
  if (process.env['UPDATE'] === '1') writeFileSync(path, `${before}${printStages()}${after}`);
  else expect(printed.trim()).toBe(printStages());
});
