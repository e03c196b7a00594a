// Goal: the browser that the user names is taken, else the machine's own, and a missing one is said with what to do.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { UsageError } from '../../../../../harness/model/problem.ts';
import { findBrowser } from '../../../../../harness/run/load/playwright/chromium.ts';

const folder = mkdtempSync(join(tmpdir(), 'halfopen-chromium-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function program(path: string, mode = 0o755): string {
  const whole = join(folder, path);
  mkdirSync(join(whole, '..'), { recursive: true });
  writeFileSync(whole, '#!/bin/sh\n');
  chmodSync(whole, mode);
  return whole;
}

const chrome = program('first/google-chrome');
const chromium = program('second/chromium');
const own = program('own/chrome');
const path = [join(folder, 'first'), join(folder, 'second')].join(delimiter);
const places = { projectFolder: folder, path, own };

test('the order is: the configured one, Chromium, Chrome, Playwright’s own', () => {
  expect(findBrowser({ executable: 'own/../own/chrome' }, places)).toBe(own);
  expect(findBrowser({ executable: 'google-chrome' }, places)).toBe(chrome);
  expect(findBrowser({}, places)).toBe(chromium);
  expect(findBrowser({}, { ...places, path: join(folder, 'first') })).toBe(chrome);
  expect(findBrowser({}, { ...places, path: '' })).toBe(own);
});

test('without playwright-core it says what to install', () => {
  const module = fileURLToPath(new URL('../../../../../harness/run/load/playwright/chromium.ts', import.meta.url));
  const script = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve: (name, context, next) => next(name === 'playwright-core' ? 'playwright-core-that-is-not-installed' : name, context) });
    const { loadPlaywright } = await import(${JSON.stringify(module)});
    await loadPlaywright().catch(({ name, message }) => console.log(name + ': ' + message));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  expect(stdout.trim()).toBe(
    "UsageError: Cannot drive a browser as the package 'playwright-core' must be installed: run npm i -D playwright-core",
  );
});

test('none is a usage error that says where it was looked for and what to install', () => {
  const nowhere = { ...places, path: '', own: join(folder, 'absent') };
  expect(() => findBrowser({}, nowhere)).toThrow(UsageError);
  expect(() => findBrowser({}, nowhere)).toThrow(/looked for chromium, .* on PATH and for Playwright's own. Install Chromium/);
  program('blocked/chromium', 0o644);
  for (const executable of ['absent', 'own', './blocked/chromium', 'blocked']) {
    expect(() => findBrowser({ executable }, places)).toThrow(new RegExp(`current value is ${executable}`));
  }
});
