// Goal: what no run has shown is not covered, and what is covered less than before is found, with the reason.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { Coverage } from '../../harness/model/coverage.ts';
import { halfopen, runFolder, temporaryFolder } from './halfopen.ts';

const output = temporaryFolder();
beforeAll(async () => {
  await halfopen(['run', 'holds', '--seed', '7', '--output', output]);
});

async function covered(...words: readonly string[]): Promise<Coverage> {
  const { stdout } = await halfopen(['coverage', ...words, '--json']);
  return JSON.parse(stdout) as Coverage;
}

/** The state of the one kind of fault that `holds` puts on the one edge. */
function stateIn({ systems }: Coverage): string | undefined {
  return systems[0]?.cells.find(({ edge, kind }) => edge === 'front->back' && kind === 'http-status')?.state;
}

test('a valid run in which the fault was felt covers its edge; scenarios that did not run are named', async () => {
  const { code, stdout } = await halfopen(['coverage', output]);
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^front->back +.*✓/m);
  expect(stdout).toMatch(/Without a valid run: breaks, unfelt/);
  expect(stateIn(await covered(output))).toBe('asserted');
});

test('an invalid run covers nothing', async () => {
  const other = temporaryFolder();
  await halfopen(['run', 'unfelt', '--seed', '7', '--output', other]);
  expect(stateIn(await covered(other))).toBe('untested');
});

test('what is covered less than before: 1, with the reason', async () => {
  const kept = join(temporaryFolder(), 'coverage.json');
  writeFileSync(kept, JSON.stringify(await covered(output)));
  expect((await halfopen(['coverage', output, '--against', kept])).code).toBe(0);
  // The same results, but nothing of the fault's was decided.
  const path = join(runFolder(output, 'holds'), 'outcome.json');
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replaceAll('"isAsserted": true', '"isAsserted": false'));
  const { code, stderr } = await halfopen(['coverage', output, '--against', kept]);
  writeFileSync(path, text);
  expect(code).toBe(1);
  expect(stderr).toContain(
    'Nothing asserts any longer what http-status does on front->back: holds ran, and no expectation about it was decided.',
  );
});

test('no runs: 5; a file that is no coverage: 2, and what is wrong with it', async () => {
  const empty = await halfopen(['coverage', temporaryFolder()]);
  expect([empty.code, empty.stderr]).toEqual([5, expect.stringContaining('npx halfopen run')]);
  const file = join(temporaryFolder(), 'coverage.json');
  for (const [text, problem] of [
    ['{"schemaVersion": 2}', 'schemaVersion: expected 1, found 2'],
    [
      '{"schemaVersion": 1, "systems": [{"system": "a", "edges": [], "kinds": [], "cells": [{"edge": "x", "kind": "y", "state": "good"}]}]}',
      'systems[0].cells[0].state',
    ],
    ['{"schema', 'must be JSON'],
  ] as const) {
    writeFileSync(file, text);
    const { code, stderr } = await halfopen(['coverage', output, '--against', file]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(problem)]);
  }
});
