import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import type { BrowserSettings } from '../../../model/scenario.ts';
import { reasonOf } from './journey-end.ts';

/** Journeys of one run whose trace and video are kept. */
export const SIDE_FILE_JOURNEYS = 50;
const FOLDER = 'journeys';

/** Traces and videos of journeys, beside the recording. */
export interface SideFiles {
  /** Finds out whether this browser can be filmed. */
  warmUp(browser: Browser): Promise<void>;
  /** Claims the files of one journey; null where none are wanted, or enough are kept. */
  claim(name: string): SideFile | null;
  /** What could not be kept, a sentence each. */
  losses(): readonly string[];
}

export interface SideFile {
  open(browser: Browser, options: BrowserContextOptions): Promise<BrowserContext>;
  /** Closes the context and leaves the files. */
  close(context: BrowserContext, page: Page | undefined): Promise<void>;
}

export function openSideFiles({ trace = false, video = false }: BrowserSettings, runFolder: string): SideFiles {
  const folder = join(runFolder, FOLDER);
  const failures = new Set<string>();
  let isFilmed = video;
  let claimed = 0;
  const tryTo = async (what: string, doing: () => Promise<unknown>): Promise<void> => {
    try {
      await doing();
    } catch (error) {
      failures.add(`${what}: ${reasonOf(error)}`);
    }
  };
  return {
    async warmUp(browser) {
      if (!isFilmed) return;
      const context = await browser.newContext({ recordVideo: { dir: folder } });
      try {
        const page = await context.newPage();
        await context.close();
        await page.video()?.delete();
      } catch (error) {
        // Playwright's own ffmpeg may be missing; the journeys matter more.
        isFilmed = false;
        failures.add(`no video was made: ${reasonOf(error)}`);
        await context.close();
      }
    },
    claim(name) {
      if (!trace && !isFilmed) return null;
      if (++claimed > SIDE_FILE_JOURNEYS) return null;
      mkdirSync(folder, { recursive: true });
      const path = join(folder, name);
      return {
        async open(browser, options) {
          const context = await browser.newContext({ ...options, ...(isFilmed ? { recordVideo: { dir: folder } } : {}) });
          if (trace) await tryTo('no trace was begun', () => context.tracing.start({ screenshots: true, snapshots: true }));
          return context;
        },
        async close(context, page) {
          if (trace) await tryTo('a trace was lost', () => context.tracing.stop({ path: `${path}.zip` }));
          await context.close();
          const film = page?.video();
          if (film === null || film === undefined) return;
          await tryTo('a video was lost', async () => {
            await film.saveAs(`${path}.webm`);
            await film.delete();
          });
        },
      };
    },
    losses: () => [
      ...failures,
      ...(claimed > SIDE_FILE_JOURNEYS
        ? [`${claimed - SIDE_FILE_JOURNEYS} journeys left no trace or video, as a run keeps those of ${SIDE_FILE_JOURNEYS}`]
        : []),
    ],
  };
}
