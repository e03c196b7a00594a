import { accessSync, constants, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join, resolve } from 'node:path';
import type { Browser, BrowserType } from 'playwright-core';
import { HarnessError, UsageError } from '../../../model/problem.ts';
import type { BrowserSettings } from '../../../model/scenario.ts';

/** Names under which a Chromium or Chrome is found on PATH. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const MAC_PLACES = ['/Applications/Chromium.app/Contents/MacOS/Chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];
const LAUNCH_MS = 45_000;

export interface Playwright {
  readonly chromium: BrowserType;
  readonly version: string;
}

/** A browser that runs. */
export interface RunningBrowser {
  readonly browser: Browser;
  /** Of its main process, which leads a group of its own. */
  readonly pid: number;
  /** CPU that all its living processes have used, in seconds. */
  cpuSeconds(): Promise<number>;
}

/** @throws {UsageError} if playwright-core is not installed */
export async function loadPlaywright(): Promise<Playwright> {
  try {
    const { chromium } = await import('playwright-core');
    const { version } = createRequire(import.meta.url)('playwright-core/package.json') as { readonly version: string };
    return { chromium, version };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error;
    throw new UsageError(
      "Cannot drive a browser as the package 'playwright-core' must be installed: run npm i -D playwright-core",
      [],
      'browser',
    );
  }
}

/** Where to look for a browser. */
export interface BrowserPlaces {
  readonly projectFolder: string;
  /** The variable PATH. */
  readonly path: string;
  /** The one that Playwright would have downloaded. */
  readonly own: string;
}

/**
 * The executable that the configuration names, else the machine's Chromium or Chrome, else Playwright's own.
 *
 * @throws {UsageError} if there is none
 */
export function findBrowser({ executable }: BrowserSettings, { projectFolder, path, own }: BrowserPlaces): string {
  const onPath = (name: string): string | undefined =>
    path
      .split(delimiter)
      .filter((folder) => folder !== '')
      .map((folder) => join(folder, name))
      .find(isExecutable);
  if (executable !== undefined) {
    const found = executable.includes('/') ? [resolve(projectFolder, executable)].find(isExecutable) : onPath(executable);
    if (found !== undefined) return found;
    throw new UsageError(
      `Cannot start the browser as 'browser.executable' must be a program that can be run: current value is ${executable}`,
    );
  }
  const places = process.platform === 'darwin' ? [...MAC_PLACES, own] : [own];
  const found = NAMES.map(onPath).find((place) => place !== undefined) ?? places.find(isExecutable);
  if (found !== undefined) return found;
  throw new UsageError(
    `Cannot find a browser: looked for ${NAMES.join(', ')} on PATH and for Playwright's own. Install Chromium (apt-get install chromium), or run npx playwright-core install chromium, or set browser.executable in the configuration`,
    [],
    'browser',
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** @throws {HarnessError} if it does not start */
export async function launchBrowser({ chromium }: Playwright, executable: string, settings: BrowserSettings): Promise<RunningBrowser> {
  const flags = settings.flags ?? [];
  // Chromium's sandbox does not run as root.
  const isSandboxed = process.getuid?.() !== 0 && !flags.includes('--no-sandbox');
  try {
    const browser = await chromium.launch({
      executablePath: executable,
      headless: true,
      chromiumSandbox: isSandboxed,
      args: [...flags],
      timeout: LAUNCH_MS,
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    const session = await browser.newBrowserCDPSession();
    const processes = async (): Promise<readonly { readonly type: string; readonly id: number; readonly cpuTime: number }[]> =>
      (await session.send('SystemInfo.getProcessInfo')).processInfo;
    return {
      browser,
      pid: (await processes()).find(({ type }) => type === 'browser')?.id ?? 0,
      cpuSeconds: async () => (await processes()).reduce((sum, { cpuTime }) => sum + cpuTime, 0),
    };
  } catch (error) {
    const reason = (error as Error).message.split('\n').slice(0, 12).join('\n');
    const hint = isSandboxed ? " (where its sandbox is not allowed, browser.flags: ['--no-sandbox'] starts it without)" : '';
    throw new HarnessError(`Cannot start the browser ${executable}${hint}: ${reason}`, { cause: error });
  }
}
