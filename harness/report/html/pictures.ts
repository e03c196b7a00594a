import type { RunEvent, ScreenshotTaken, StepTaken } from '../../model/event.ts';
import type { Axis } from './axis.ts';
import { phaseOfMoment } from './lanes.ts';
import { base64 } from './pack.ts';
import type { PictureFiles, PictureView, RunDetail } from './payload.ts';

/** Most pictures that a report places on its axis. */
const MAX_PICTURES = 400;
/** Most that the pictures of all runs add to one file, in bytes; what does not fit stays in the runs' folders. */
export const PICTURES_MAX_BYTES = 8 * 1024 * 1024;

/** Every picture with its place on the axis, by time; of too many, those that tell most. */
export function pictureViews(events: readonly RunEvent[], phases: RunDetail['phases'], axis: Axis): PictureView[] {
  const steps = new Map<string, StepTaken>();
  for (const event of events) if (event.kind === 'step') steps.set(`${event.request}\n${event.step}`, event);
  const before = new Map<string, string>();
  const views = events
    .filter((event) => event.kind === 'screenshot')
    .toSorted((left, right) => left.atUs - right.atUs)
    .map((event): PictureView => {
      const step = event.occasion === 'step' ? steps.get(`${event.request}\n${event.subject}`) : undefined;
      const atMs = axis.ms(event.atUs);
      return {
        id: event.id,
        atMs,
        phase: phaseOfMoment(atMs, phases),
        journey: event.journey,
        request: event.request,
        occasion: event.occasion,
        subject: event.subject,
        file: event.file,
        widthPx: event.widthPx,
        heightPx: event.heightPx,
        worth: worthOf(event, step, before),
        shown: step === undefined ? null : { outcome: step.outcome, shows: step.shows, isBlank: step.isBlank },
        source: null,
      };
    });
  return byWorth(views)
    .slice(0, MAX_PICTURES)
    .toSorted((left, right) => left.atMs - right.atMs || left.id - right.id);
}

function worthOf(event: ScreenshotTaken, step: StepTaken | undefined, before: Map<string, string>): PictureView['worth'] {
  if (step === undefined) return event.occasion === 'step' ? 2 : 0;
  const key = `${event.journey}\n${event.subject}`;
  const shows = step.shows.toSorted().join('\n');
  const isNews = before.get(key) !== shows;
  before.set(key, shows);
  if (step.isBlank || (step.outcome !== 'ok' && step.outcome !== 'aborted')) return 0;
  return isNews ? 1 : 2;
}

/** What tells most first; among equals in an order of which every beginning is spread over the run. */
export function byWorth(views: readonly PictureView[]): PictureView[] {
  return ([0, 1, 2] as const).flatMap((worth) => spreading(views.filter((view) => view.worth === worth)));
}

/** By the index's binary digits in reverse: first, middle, quarters, and so on. */
function spreading<T>(entries: readonly T[]): T[] {
  const digits = Math.ceil(Math.log2(Math.max(2, entries.length)));
  const reversed = (index: number): number => Number.parseInt(index.toString(2).padStart(digits, '0').split('').toReversed().join(''), 2);
  return entries
    .map((entry, index) => ({ entry, place: reversed(index) }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ entry }) => entry);
}

/** What one run would put into the file. */
export interface RunPictures {
  readonly views: readonly PictureView[];
  /** The different pictures as data URLs, those that tell most first. */
  readonly urls: ReadonlyMap<string, string>;
  /** Different pictures whose bytes could not be had. */
  readonly missing: number;
}

/** Takes the bytes along, as far as one file could hold them. */
export function runPictures(views: readonly PictureView[], bytes: ReadonlyMap<string, Uint8Array> | undefined): RunPictures {
  const urls = new Map<string, string>();
  const missing = new Set<string>();
  let total = 0;
  for (const { file } of byWorth(views)) {
    if (urls.has(file) || missing.has(file)) continue;
    const found = bytes?.get(file);
    const media = found === undefined ? null : mediaOf(found);
    if (found === undefined || media === null) missing.add(file);
    else if (total < PICTURES_MAX_BYTES) {
      const url = `data:${media};base64,${base64(found)}`;
      urls.set(file, url);
      total += url.length;
    }
  }
  return { views, urls, missing: missing.size };
}

/** By its first bytes: what is neither JPEG nor PNG is no picture of ours. */
function mediaOf(bytes: Uint8Array): string | null {
  const startsWith = (...wanted: readonly number[]): boolean => wanted.every((byte, index) => bytes[index] === byte);
  if (startsWith(0xff, 0xd8, 0xff)) return 'image/jpeg';
  return startsWith(0x89, 0x50, 0x4e, 0x47) ? 'image/png' : null;
}

/** What goes into the file of one run: the pictures in the order of its block, and the views that point at them. */
export interface Embedded {
  readonly lines: readonly string[];
  readonly views: readonly PictureView[];
  readonly files: PictureFiles;
}

/** Shares the file's room among its runs: each gets what it needs, up to an equal part of what the others leave. */
export function embed(runs: readonly RunPictures[], maxBytes: number): Embedded[] {
  const needs = runs.map(({ urls }) => [...urls.values()].reduce((sum, url) => sum + url.length + 1, 0));
  const room = shares(needs, maxBytes);
  return runs.map(({ views, urls, missing }, index) => {
    let left = room[index] ?? 0;
    const places = new Map<string, number>();
    const lines: string[] = [];
    for (const [file, url] of urls) {
      if (url.length + 1 > left) break;
      left -= url.length + 1;
      places.set(file, lines.length);
      lines.push(url);
    }
    const different = new Set(views.map(({ file }) => file)).size;
    return {
      lines,
      views: views.map((view) => ({ ...view, source: places.get(view.file) ?? null })),
      files: { inside: lines.length, beside: different - lines.length - missing, missing, maxBytes },
    };
  });
}

function shares(needs: readonly number[], total: number): number[] {
  const result = needs.map(() => 0);
  const order = needs.map((need, index) => ({ need, index })).toSorted((left, right) => left.need - right.need);
  let left = total;
  for (const [place, { need, index }] of order.entries()) {
    const share = Math.min(need, Math.floor(left / (order.length - place)));
    result[index] = share;
    left -= share;
  }
  return result;
}
