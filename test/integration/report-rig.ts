import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { outcomeOf } from '../../fixtures/recordings/index.ts';
import type { JudgedRun } from '../../harness/report/contract.ts';
import { reporters } from '../../harness/report/index.ts';

const BROWSER = process.env['HALFOPEN_CHROMIUM'] ?? '/usr/bin/chromium';

/** Whether there is no browser here; says so loudly, and is never true in CI. */
export const isLeftOut = !existsSync(BROWSER) && process.env['CI'] !== 'true';
if (isLeftOut) process.stderr.write(`LEFT OUT: the report in a browser, as there is no Chromium at ${BROWSER} (set HALFOPEN_CHROMIUM)\n`);

/** A page that keeps account of everything that must not happen: what the console says, errors, requests. */
export interface Watched {
  readonly page: Page;
  readonly trouble: string[];
}

/** A report of these runs, as a file on disk, and a browser to read it in. */
export interface OpenReport {
  open(hash: string, width: number, options?: { readonly dark?: boolean; readonly script?: boolean }): Promise<Watched>;
  close(): Promise<void>;
}

export async function openReport(runs: readonly JudgedRun[]): Promise<OpenReport> {
  const folder = await mkdtemp(join(tmpdir(), 'halfopen-report-'));
  const file = join(folder, 'report.html');
  const digests = runs.map((run) => reporters.html.digest(run));
  await writeFile(file, await reporters.html.render(outcomeOf(runs), digests));
  const url = pathToFileURL(file).href;
  const browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] });
  return {
    async open(hash, width, options = {}) {
      const context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme: options.dark === true ? 'dark' : 'light',
        javaScriptEnabled: options.script ?? true,
      });
      const page = await context.newPage();
      const trouble: string[] = [];
      page.on('console', (message) => trouble.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
      page.on('request', (request) => {
        if (!request.url().startsWith(url) && !request.url().startsWith('data:image/')) trouble.push(`request: ${request.url()}`);
      });
      await page.goto(url + hash);
      if (options.script !== false) await page.locator('html[data-ready]').waitFor();
      if (hash.startsWith('#/s/') && options.script !== false) await page.locator('.axis-row svg text').first().waitFor();
      return { page, trouble };
    },
    async close() {
      await browser.close();
      await rm(folder, { recursive: true });
    },
  };
}
