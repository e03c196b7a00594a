import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { interleaved, type Measured } from './measure.ts';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const READY_WITHIN_MS = 60_000;

/** Marks itself as the viewer does, and holds nothing else. */
const EMPTY_PAGE = '<!doctype html><title>empty</title><script>document.documentElement.dataset.ready = "true"</script>';

/** From the address to the moment when the viewer says that it is ready, in milliseconds; null where there is no Chromium. */
export async function openTimes(
  reportPath: string,
  folder: string,
  options: { readonly hash: string; readonly rounds: number },
): Promise<readonly Measured[] | null> {
  if (!existsSync(CHROMIUM)) return null;
  const emptyPath = join(folder, 'empty.html');
  writeFileSync(emptyPath, EMPTY_PAGE);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const lane = (name: string, path: string, hash = '') => ({
      name,
      measure: () => openOnce(browser, `${pathToFileURL(path).href}${hash}`),
    });
    return await interleaved(
      [lane('empty page', emptyPath), lane('overview', reportPath), lane('run', reportPath, options.hash)],
      options.rounds,
    );
  } finally {
    await browser.close();
  }
}

async function openOnce(browser: Browser, url: string): Promise<number> {
  const page = await browser.newPage();
  try {
    const beganMs = performance.now();
    await page.goto(url, { waitUntil: 'commit' });
    await page.waitForFunction(() => document.documentElement.dataset['ready'] === 'true', undefined, {
      timeout: READY_WITHIN_MS,
      polling: 'raf',
    });
    return performance.now() - beganMs;
  } finally {
    await page.close();
  }
}
