import { expect, test } from 'vitest';
import type { LoadedScenario } from '../../../harness/cli/scenarios.ts';
import { nothingChosen, selectScenarios } from '../../../harness/cli/selection.ts';
import { defineConfig } from '../../../harness/index.ts';

const project = { folder: '/shop', configFile: null, config: defineConfig({}) };
const loaded = ['pay', 'pay-slow', 'stock'].map((name) => ({
  file: `scenarios/${name}.chaos.ts`,
  scenario: { name, title: `About ${name}`, tags: name === 'pay' ? ['@smoke'] : [] },
})) as unknown as readonly LoadedScenario[];

function chosen(filters: readonly string[], grep?: string): readonly string[] {
  const selection = selectScenarios(loaded, { filters, cwd: '/shop/scenarios', project, ...(grep === undefined ? {} : { grep }) });
  return selection.chosen.map(({ scenario }) => scenario.name);
}

test('without filters all are chosen, in order', () => {
  expect(chosen([])).toEqual(['pay', 'pay-slow', 'stock']);
});

test('a whole name chooses that scenario alone, a part of one all that hold it', () => {
  expect(chosen(['pay'])).toEqual(['pay']);
  expect(chosen(['pa'])).toEqual(['pay', 'pay-slow']);
  expect(chosen(['stock', 'pay'])).toEqual(['pay', 'stock']);
});

test('a path chooses, from the project or from where one is', () => {
  expect(chosen(['scenarios/stock.chaos.ts'])).toEqual(['stock']);
  expect(chosen(['./stock.chaos.ts'])).toEqual(['stock']);
});

test('a pattern looks at names, titles and tags, and narrows the filters', () => {
  expect(chosen([], '@SMOKE')).toEqual(['pay']);
  expect(chosen([], 'about s')).toEqual(['stock']);
  expect(chosen(['pay-slow'], '@smoke')).toEqual([]);
});

test('each filter that matches nothing is told, with the near name', () => {
  const selection = selectScenarios(loaded, { filters: ['stokc', 'pay'], cwd: '/shop', project });
  expect(selection.unmatched).toEqual(['stokc']);
  expect(nothingChosen(loaded, selection, project)).toContain("'stokc' matches none (did you mean 'stock'?)");
});
