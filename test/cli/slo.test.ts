// Goal: SLOs go to OpenSLO and come back as they were, and what cannot be read writes nothing.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { halfopen, temporaryFolder, temporaryProject } from './halfopen.ts';

const SLOS = [
  { name: 'recovers', objective: 'recovery', bound: '8s', scenarios: { tags: ['@release'] } },
  { name: 'quick', objective: 'latency', during: 'recovery', quantile: 0.95, bound: 500, proportion: 0.9, confidence: 0.8 },
];
const project = (slos: unknown): string =>
  temporaryProject({
    'halfopen.config.ts': `import { defineConfig } from 'halfopen';\nexport default defineConfig({ slos: ${JSON.stringify(slos)} });\n`,
  });

test('what is exported is OpenSLO, and comes back as it was', async () => {
  const cwd = project(SLOS);
  const exported = await halfopen(['slo', 'export', '--service', 'shop'], { cwd });
  expect(exported.code, exported.stderr).toBe(0);
  const documents = parseAllDocuments(exported.stdout).map((document) => document.toJS() as { kind: string; metadata: { name: string } });
  expect(documents.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
    ['SLO', 'recovers'],
    ['SLO', 'quick'],
  ]);
  writeFileSync(join(cwd, 'slos.yaml'), exported.stdout);
  const imported = await halfopen(['slo', 'import', 'slos.yaml'], { cwd });
  expect(imported.code, imported.stderr).toBe(0);
  const listed = async (folder: string): Promise<string> => (await halfopen(['slo', 'list'], { cwd: folder })).stdout;
  expect(await listed(project(JSON.parse(imported.stdout)))).toBe(await listed(cwd));
  expect(await listed(cwd)).toContain('recovers: recovery is at most 8 s in at least 95 % of the runs (confidence 95 %)');
});

test.each([
  ['is no YAML', 'a: [', /must be YAML or JSON/],
  ['is another kind of document', 'apiVersion: v1\nkind: Pod\n', /Pod|openslo/],
  [
    'has a latency without a unit',
    'apiVersion: openslo/v1\nkind: SLO\nmetadata: { name: slow }\nspec:\n  service: a\n  indicator: { metadata: { name: x }, spec: { thresholdMetric: { metricSource: { type: P, spec: { query: q } } } } }\n  timeWindow: [{ duration: 28d, isRolling: true }]\n  budgetingMethod: Occurrences\n  objectives: [{ op: lte, value: 0.5, target: 0.99 }]\n',
    /unit/,
  ],
])('a file that %s: 2, and nothing on stdout', async (_, text, problem) => {
  const file = join(temporaryFolder(), 'foreign.yaml');
  writeFileSync(file, text);
  const { code, stdout, stderr } = await halfopen(['slo', 'import', file]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(problem);
});

test('no SLO to list: 5; an action that is none, a file that is not there, a unit that is none: 2', async () => {
  expect((await halfopen(['slo', 'list'], { cwd: project([]) })).code).toBe(5);
  for (const words of [['lst'], ['import', 'nowhere.yaml'], ['import'], ['import', 'x.yaml', '--latency-unit', 'h']])
    expect((await halfopen(['slo', ...words])).code, words.join(' ')).toBe(2);
});
