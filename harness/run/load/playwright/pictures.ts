import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import type { ScreenshotTaken } from '../../../model/event.ts';
import type { LoadEvent } from '../contract.ts';

/** What one run keeps: files, their bytes together, and how many of the files steps may take of what faults and breakers need too. */
export const PICTURE_LIMITS = { files: 200, bytes: 8 * 1024 * 1024, ofSteps: 160 } as const;
const WIDTH_PX = 480;
const QUALITY = 50;
const CAPTURE_MS = 2000;
const FOLDER = 'screenshots';
/** A step that shows what it showed before is taken again only so often: this share of the timeline, and no less than so long. */
const REGULAR_SHARE = 1 / 120;
const REGULAR_MIN_US = 250_000;

/** An open page of a journey. */
export interface Sitter {
  readonly journey: string;
  /** The arrival's ordinal. */
  readonly request: number;
  readonly page: Page;
  readonly session: CDPSession;
}

/** What a picture is taken of. `shown` sums up what the page shows: another than before is worth a picture at once. */
export interface StepView {
  readonly step: string;
  readonly shown: string;
}

export interface Album {
  ofStep(sitter: Sitter, view: StepView): Promise<void>;
  ofOccasion(sitter: Sitter, occasion: 'fault' | 'breaker', subject: string): Promise<void>;
  /** Resolves when everything is on disk; tells what was left out. */
  close(): Promise<{ readonly leftOut: number }>;
}

export interface AlbumOptions {
  readonly runFolder: string;
  readonly totalUs: number;
  nowUs(): number;
  onEvent(event: LoadEvent): void;
}

type Captured = Pick<ScreenshotTaken, 'widthPx' | 'heightPx'> & { readonly jpeg: Buffer; readonly atUs: number };

/** The pictures of a run: small, each kept once, within limits. */
export function openAlbum({ runFolder, totalUs, nowUs, onEvent }: AlbumOptions): Album {
  const everyUs = Math.max(REGULAR_MIN_US, totalUs * REGULAR_SHARE);
  const lastOf = new Map<string, { readonly shown: string; readonly atUs: number }>();
  const kept = new Set<string>();
  const work = new Set<Promise<void>>();
  let bytes = 0;
  let leftOut = 0;

  const keep = async (jpeg: Buffer, filesMax: number): Promise<string | null> => {
    const file = `${FOLDER}/${createHash('sha256').update(jpeg).digest('hex').slice(0, 16)}.jpg`;
    if (kept.has(file)) return file;
    if (kept.size >= filesMax || bytes + jpeg.length > PICTURE_LIMITS.bytes) return null;
    kept.add(file);
    bytes += jpeg.length;
    await mkdir(join(runFolder, FOLDER), { recursive: true });
    await writeFile(join(runFolder, file), jpeg);
    return file;
  };
  const take = async (sitter: Sitter, occasion: ScreenshotTaken['occasion'], subject: string): Promise<void> => {
    const { journey, request } = sitter;
    const captured = await capture(sitter, nowUs);
    if (captured === null) return;
    const { jpeg, ...rest } = captured;
    const file = await keep(jpeg, occasion === 'step' ? PICTURE_LIMITS.ofSteps : PICTURE_LIMITS.files);
    if (file === null) leftOut++;
    else onEvent({ kind: 'screenshot', journey, request, occasion, subject, file, bytes: jpeg.length, ...rest });
  };
  const tracked = async (taking: Promise<void>): Promise<void> => {
    work.add(taking);
    try {
      await taking;
    } finally {
      work.delete(taking);
    }
  };
  return {
    async ofStep(sitter, { step, shown }) {
      const key = `${sitter.journey} ${step}`;
      const last = lastOf.get(key);
      const atUs = nowUs();
      if (last !== undefined && last.shown === shown && atUs - last.atUs < everyUs) return;
      lastOf.set(key, { shown, atUs });
      await tracked(take(sitter, 'step', step));
    },
    ofOccasion: (sitter, occasion, subject) => tracked(take(sitter, occasion, subject)),
    async close() {
      await Promise.allSettled(work);
      return { leftOut };
    },
  };
}

/** The visible part of the page as a small JPEG; null where the page is gone or does not draw. */
async function capture({ page, session }: Sitter, nowUs: () => number): Promise<Captured | null> {
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 720 };
  const scale = Math.min(1, WIDTH_PX / width);
  const atUs = Math.round(nowUs());
  const clip = { x: 0, y: 0, width, height, scale };
  const shot = session
    .send('Page.captureScreenshot', { format: 'jpeg', quality: QUALITY, optimizeForSpeed: true, clip })
    .then(({ data }) => Buffer.from(data, 'base64'))
    .catch(() => null);
  const jpeg = await within(shot, CAPTURE_MS);
  return jpeg === null ? null : { jpeg, atUs, widthPx: Math.round(width * scale), heightPx: Math.round(height * scale) };
}

/** What a promise gives within so many milliseconds; else null. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  const { promise: over, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), ms);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
