/**
 * Goal: pictures lie on the axis where they were taken, each set of bytes is in the file once, the file's room is shared fairly, and
 * what did not fit or was not there is counted. What is no picture never gets in.
 */
import { describe, expect, test } from 'vitest';
import { passingRun, outcomeOf } from '../../../fixtures/recordings/index.ts';
import { cannedPictures, shoppingRun } from '../../../fixtures/recordings/shopping.ts';
import type { ScreenshotTaken } from '../../../harness/model/event.ts';
import type { JudgedRun } from '../../../harness/report/contract.ts';
import { digestRun } from '../../../harness/report/html/digest.ts';
import { html } from '../../../harness/report/html/index.ts';
import { byWorth, embed, PICTURES_MAX_BYTES, type RunPictures } from '../../../harness/report/html/pictures.ts';
import type { PictureView } from '../../../harness/report/html/payload.ts';

const screenshots = (run: JudgedRun): readonly ScreenshotTaken[] => run.recording.events.filter((event) => event.kind === 'screenshot');
const render = async (...runs: readonly JudgedRun[]): Promise<string> =>
  html.render(
    outcomeOf(runs),
    runs.map((run) => html.digest(run)),
  );
const blocks = (page: string): readonly string[] =>
  [...page.matchAll(/<script type="application\/octet-stream" id="halfopen-pictures-\d+">([^<]*)<\/script>/g)].map(
    ([, text]) => text ?? '',
  );

/** The run with other bytes behind its pictures: as many different files as pictures, each of so many bytes. */
function heavy(run: JudgedRun, bytes: number): JudgedRun {
  const picture = new Uint8Array(bytes);
  picture.set([0xff, 0xd8, 0xff]);
  const pictures = new Map<string, Uint8Array>();
  const events = run.recording.events.map((event) => {
    if (event.kind !== 'screenshot') return event;
    const file = `screenshots/${event.id}.jpg`;
    pictures.set(file, picture);
    return { ...event, file };
  });
  return { ...run, recording: { ...run.recording, events }, pictures };
}

describe('pictures of a run', () => {
  test('lie at their moments, in order, with what the page showed', () => {
    const run = shoppingRun();
    const { pictures } = digestRun(run).detail;
    const zeroUs = run.recording.events.find((event) => event.kind === 'fault' && event.step === 'acknowledged')?.atUs ?? 0;
    expect(pictures.map(({ id }) => id)).toEqual(screenshots(run).map(({ id }) => id));
    for (const [index, { atUs }] of screenshots(run).entries()) expect(pictures[index]?.atMs).toBeCloseTo((atUs - zeroUs) / 1000, 1);
    const blank = pictures.find(({ shown }) => shown?.isBlank === true);
    expect(blank).toMatchObject({ journey: 'buying', subject: 'open', phase: 'fault', worth: 0 });
    expect(pictures.filter(({ occasion }) => occasion !== 'step').map(({ worth, shown }) => [worth, shown])).toEqual(
      Array.from({ length: 3 }, () => [0, null]),
    );
  });

  test('a run without any adds nothing to the file', async () => {
    const page = await render(passingRun());
    expect(blocks(page)).toEqual([]);
    expect(digestRun(passingRun()).detail.pictures).toEqual([]);
  });

  test('the same bytes are in the file once, however often they were on the screen', async () => {
    const run = shoppingRun();
    const lines = blocks(await render(run))[0]?.split('\n') ?? [];
    expect(lines).toHaveLength(cannedPictures().size);
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.every((line) => /^data:image\/jpeg;base64,[A-Za-z0-9+/]+=*$/.test(line))).toBe(true);
    const [embedded] = embed([digestRun(run).pictures], PICTURES_MAX_BYTES);
    const bytes = Buffer.from((lines[embedded?.views[0]?.source ?? 0] ?? '').split(',')[1] ?? '', 'base64');
    expect(bytes.equals(cannedPictures().get(embedded?.views[0]?.file ?? '') ?? new Uint8Array())).toBe(true);
  });

  test('what is neither JPEG nor PNG stays out, as does what is not there; both are counted', () => {
    const run = shoppingRun();
    const pictures = new Map([...(run.pictures ?? [])].slice(0, 3));
    pictures.set('screenshots/price.jpg', new TextEncoder().encode('<svg onload="alert(1)"/>'));
    const [embedded] = embed([digestRun({ ...run, pictures }).pictures], PICTURES_MAX_BYTES);
    expect(embedded?.files).toMatchObject({ inside: 2, beside: 0, missing: 3 });
    expect(embedded?.views.filter(({ file }) => file === 'screenshots/price.jpg').every(({ source }) => source === null)).toBe(true);
  });

  test('all pictures of a file together stay within its room; failures go in first, and the rest is counted', async () => {
    const runs = [heavy(shoppingRun(0), 300_000), heavy(shoppingRun(1), 300_000)];
    const digests = runs.map((run) => html.digest(run));
    const page = await html.render(outcomeOf(runs), digests);
    const sizes = blocks(page).map((block) => block.length);
    expect(sizes).toHaveLength(2);
    expect(sizes[0]).toBe(sizes[1]);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total).toBeLessThanOrEqual(PICTURES_MAX_BYTES);
    expect(total).toBeGreaterThan(PICTURES_MAX_BYTES * 0.9);
    const [embedded] = embed(
      digests.map(({ pictures }) => pictures),
      PICTURES_MAX_BYTES,
    );
    const { inside = 0, beside = 0 } = embedded?.files ?? {};
    expect([inside > 5, inside + beside]).toEqual([true, screenshots(shoppingRun()).length]);
    const isInside = ({ source }: PictureView): boolean => source !== null;
    expect(embedded?.views.filter(isInside).every(({ worth }) => worth === 0)).toBe(true);
  });
});

describe('the room of a file', () => {
  const run = (...sizes: readonly number[]): RunPictures => ({
    views: [],
    urls: new Map(sizes.map((size, index) => [`${index}`, 'x'.repeat(size - 1)])),
    missing: 0,
  });
  const counts = (runs: readonly RunPictures[], maxBytes: number): number[] => embed(runs, maxBytes).map(({ lines }) => lines.length);

  test('goes to all where it suffices for all', () => {
    expect(counts([run(10, 10), run(10)], 30)).toEqual([2, 1]);
  });

  test('is shared equally, and what one does not need is for the others', () => {
    expect(counts([run(10, 10, 10, 10), run(10), run(10, 10, 10, 10)], 50)).toEqual([2, 1, 2]);
  });

  test('is not stretched by a picture that is too large for it', () => {
    expect(counts([run(60)], 50)).toEqual([0]);
  });
});

test('what tells most comes first, and every beginning of its equals is spread over the run', () => {
  const view = (id: number, worth: 0 | 1 | 2): PictureView => ({ id, worth }) as PictureView;
  const ordered = byWorth([...Array.from({ length: 8 }, (_, id) => view(id, 2)), view(8, 0), view(9, 1)]);
  expect(ordered.map(({ id }) => id)).toEqual([8, 9, 0, 4, 2, 6, 1, 5, 3, 7]);
});
