/**
 * Goal: what users saw lies on the axis where it happened and can be read by eye, keyboard and screen reader, on a screen and on
 * paper, from one file without a network; who sent the load and what it could not see stands where nobody can miss it.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failingRun } from '../../fixtures/recordings/index.ts';
import { CLOSED_MODEL, scriptRun } from '../../fixtures/recordings/script.ts';
import { shoppingRun, STALE_NOTICE } from '../../fixtures/recordings/shopping.ts';
import type { JudgedRun } from '../../harness/report/contract.ts';
import { isLeftOut, openReport, type OpenReport } from './report-rig.ts';

const SHOP = '#/s/shop-window';

/** How far each thumbnail that is shown lies from its moment, in pixels, by the labels of the axis; and how many overlap. */
async function placement(page: Page): Promise<{ readonly offPx: readonly number[]; readonly overlaps: number }> {
  return page.evaluate(() => {
    const seconds = (text: string): number => Number(text.replace('−', '-').replace(/ s$/, ''));
    const ticks = [...document.querySelectorAll('.axis-row svg text')].map((tick) => {
      const box = tick.getBoundingClientRect();
      return { at: seconds(tick.textContent), x: (box.left + box.right) / 2 };
    });
    const [first, last] = [ticks[0], ticks.at(-1)];
    if (first === undefined || last === undefined || first === last) throw new Error('the axis has fewer than two labels');
    const pixelsPerSecond = (last.x - first.x) / (last.at - first.at);
    const thumbs = [...document.querySelectorAll<HTMLElement>('.thumb:not([hidden])')].map((thumb) => {
      const box = thumb.getBoundingClientRect();
      const pinX = thumb.classList.contains('from-right') ? box.right : box.left;
      return { left: box.left, right: box.right, offPx: pinX - (first.x + (seconds(thumb.title) - first.at) * pixelsPerSecond) };
    });
    const inOrder = thumbs.toSorted((one, other) => one.left - other.left);
    return {
      offPx: thumbs.map(({ offPx }) => offPx),
      overlaps: inOrder.filter(({ left }, index) => left < (inOrder[index - 1]?.right ?? -Infinity)).length,
    };
  });
}

/** The run with its last picture taken ten seconds after the load had ended. */
function withLatePicture(run: JudgedRun): JudgedRun {
  const last = run.recording.events.findLast(({ kind }) => kind === 'screenshot');
  const events = run.recording.events.map((event) => (event === last ? { ...event, atUs: event.atUs + 11_000_000 } : event));
  return { ...run, recording: { ...run.recording, events } };
}

describe.runIf(!isLeftOut)('what users saw', () => {
  let report: OpenReport;
  let late: OpenReport;

  beforeAll(async () => {
    report = await openReport([failingRun(0), shoppingRun(1), scriptRun(2)]);
    late = await openReport([withLatePicture(shoppingRun(0))]);
  });

  afterAll(async () => {
    await report.close();
    await late.close();
  });

  test.each([
    [SHOP, 1280, false],
    [SHOP, 400, true],
    ['#/s/own-script', 1280, true],
    ['#/s/own-script', 400, false],
  ] as const)('%s at %d px (dark: %s): no complaint, no request, no sideways scroll', async (hash, width, dark) => {
    const { page, trouble } = await report.open(hash, width, { dark });
    await expect
      .poll(async () => page.evaluate(() => [...document.images].every(({ complete, naturalWidth }) => complete && naturalWidth > 0)))
      .toBe(true);
    expect(await page.locator('img').count()).toBe(hash === SHOP ? await page.locator('.thumb, .still').count() : 0);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect([trouble, overflow]).toEqual([[], 0]);
    await page.context().close();
  });

  test.each([1280, 400])('each thumbnail stands at its moment at %d px, also when zoomed, and covers no other', async (width) => {
    const { page } = await report.open(SHOP, width);
    const whole = await placement(page);
    expect(whole.offPx.length).toBeGreaterThan(width === 1280 ? 8 : 3);
    for (let zooms = 0; zooms < 2; zooms++) await page.locator('#axis').press('+');
    const zoomed = await placement(page);
    for (const { offPx, overlaps } of [whole, zoomed]) {
      expect(Math.max(...offPx.map(Math.abs))).toBeLessThanOrEqual(2);
      expect(overlaps).toBe(0);
    }
    expect(zoomed.offPx.length).toBeGreaterThan(1);
    // The measurement itself: a strip that is three pixels off is found.
    await page.evaluate(() => document.querySelector<HTMLElement>('.film')?.style.setProperty('left', '3px'));
    expect(Math.max(...(await placement(page)).offPx.map(Math.abs))).toBeGreaterThan(2);
    await page.context().close();
  });

  test('the keyboard reaches the strip, goes from picture to picture, enlarges, and comes back', async () => {
    const { page } = await report.open(SHOP, 1280);
    const focused = async (): Promise<string> => page.evaluate(() => document.activeElement?.className ?? '');
    for (let presses = 0; presses < 60 && !(await focused()).includes('thumb'); presses++) await page.keyboard.press('Tab');
    expect(await focused()).toContain('thumb');
    const moment = async (): Promise<string> => page.evaluate(() => (document.activeElement as HTMLElement).title);
    const cursor = async (): Promise<number> => Number(await page.locator('#axis').getAttribute('aria-valuenow'));
    const moments = [await moment()];
    for (let presses = 0; presses < 30; presses++) {
      await page.keyboard.press('ArrowRight');
      moments.push(await moment());
    }
    expect(new Set(moments).size).toBe(31);
    const atS = Number((await moment()).replace('−', '-').replace(/ s$/, ''));
    expect(Math.abs((await cursor()) - atS)).toBeLessThanOrEqual(0.25);
    await page.keyboard.press('Enter');
    const dialog = page.locator('dialog.enlarged');
    expect(await dialog.isVisible()).toBe(true);
    const caption = dialog.locator('.caption');
    expect(await caption.innerText()).toContain(await moment().then(() => moments.at(-1) ?? ''));
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await dialog.innerText()).toContain('33 of 87');
    expect(await dialog.locator('img').getAttribute('alt')).toMatch(/^[+−][\d.]+ s: buying after step .*: (timeout, )?showed /);
    await page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(false);
    await expect.poll(focused).toContain('thumb');
    expect(moments).not.toContain(await moment());
    await page.context().close();
  });

  test('what was seen after the axis ended is no thumbnail, and can be reached in the enlarged view', async () => {
    const { page } = await late.open(SHOP, 1280);
    const total = await page.locator('#pictures .meta').innerText();
    expect(total).toBe('87 pictures of 28 users, 1 of them before or after the time axis');
    expect(await page.locator('.thumb').count()).toBe(86);
    await page.locator('.thumb:not([hidden])').first().click();
    await page.keyboard.press('End');
    expect(await page.locator('dialog.enlarged').innerText()).toContain('87 of 87');
    expect(await page.locator('dialog.enlarged .caption').innerText()).toMatch(/^\+31\.\d\d s drain/);
    await page.context().close();
  });

  test('a click enlarges; every picture says in words what it shows', async () => {
    const { page } = await report.open(SHOP, 1280);
    await page.locator('.thumb:not([hidden])').nth(4).click();
    const dialog = page.locator('dialog.enlarged');
    expect(await dialog.isVisible()).toBe(true);
    await dialog.getByRole('button', { name: 'Close' }).click();
    expect(await dialog.isVisible()).toBe(false);
    const words = await page.locator('.thumb img').evaluateAll((images) => images.map((image) => (image as HTMLImageElement).alt));
    expect(words.every((text) => /^[+−][\d.]+ s: buying (after step|when) .+\(user \d+\)\.$/.test(text))).toBe(true);
    expect(words.some((text) => text.includes('showed a blank page'))).toBe(true);
    expect(words.some((text) => text.includes('when storm acknowledged'))).toBe(true);
    expect(words.some((text) => text.includes(`timeout, showed “${STALE_NOTICE}”`))).toBe(true);
    await page.context().close();
  });

  test('on paper a row of pictures with captions stands for the strip', async () => {
    const { page } = await report.open(SHOP, 1040);
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.film-lane').isVisible()).toBe(false);
    const figures = page.locator('#pictures figure');
    expect(await figures.count()).toBeGreaterThan(5);
    for (const caption of await figures.locator('figcaption').allInnerTexts())
      expect(caption).toMatch(/^[+−][\d.]+ s (baseline|fault|recovery)\n/);
    await page.context().close();
  });

  test('a run without pictures has no strip, no row of pictures and no table of journeys', async () => {
    const { page } = await report.open('#/s/payments-outage', 1280);
    expect(await page.locator('.film-lane, #pictures, #journeys, #thresholds, .degraded').count()).toBe(0);
    await page.context().close();
  });

  test('the table of a journey keeps phases apart, and a failed step leads to its moment and its picture', async () => {
    const { page } = await report.open(SHOP, 1280);
    const section = page.locator('#journeys');
    expect(await section.locator('thead th').allInnerTexts()).toEqual(['What', 'baseline', 'fault', 'recovery', 'across two phases']);
    const row = section.locator('tbody', { hasText: 'Step price' }).locator('tr', { hasText: STALE_NOTICE });
    expect((await row.locator('td').allInnerTexts()).slice(0, 2)).toEqual(['0 % (0)', '100 % (6)']);
    await section.locator('summary').click();
    await section.locator('li').first().getByRole('button', { name: /s$/ }).click();
    const before = await page.locator('#axis').getAttribute('aria-valuenow');
    expect(Number(before)).toBeGreaterThan(0);
    await section.locator('li').nth(2).getByRole('button', { name: 'picture' }).click();
    expect(await page.locator('dialog.enlarged').innerText()).toContain('step order: timeout');
    await page.context().close();
  });

  test('degraded evidence stands above everything that was concluded', async () => {
    const { page } = await report.open('#/s/own-script', 1280);
    const note = page.locator('.degraded');
    expect(await note.innerText()).toContain(CLOSED_MODEL);
    const order = await page.evaluate(() =>
      [...document.querySelectorAll('.scenario > *')].map(({ className, tagName }) => className || tagName).indexOf('say degraded'),
    );
    expect(order).toBe(3);
    await page.goto(page.url().replace(/#.*/, '#/'));
    await expect.poll(async () => page.locator('.overview').innerText()).toContain('load by k6 · evidence degraded');
    await page.context().close();
  });

  test('a script’s thresholds stand apart from what was expected, both judges side by side', async () => {
    const { page } = await report.open('#/s/own-script', 1280);
    const section = page.locator('#thresholds');
    expect(await section.locator('thead th').allInnerTexts()).toEqual([
      'Threshold',
      'whole run, by k6',
      'whole run, by halfopen',
      'baseline, by halfopen',
      'fault, by halfopen',
      'recovery, by halfopen',
    ]);
    const cells = await section.locator('tbody tr').nth(1).locator('td').allInnerTexts();
    expect(cells.map((cell) => cell.trim().split('\n')[0])).toEqual(['crossed', 'met', 'met', 'no samples', 'met']);
    expect(await section.innerText()).toContain('k6 says crossed, halfopen says met');
    expect(await section.innerText()).toContain('812 ms during the fault');
    expect(await page.locator('#expectations').innerText()).not.toContain('812 ms');
    expect(await page.locator('h1').innerText()).toContain('pass');
    await page.context().close();
  });
});

describe.runIf(!isLeftOut)('more pictures than a file holds', () => {
  test('the report says how many it holds and where the others lie', async () => {
    const run = shoppingRun(0);
    const picture = [...(run.pictures ?? new Map<string, Uint8Array>()).values()][0] ?? new Uint8Array();
    const large = new Uint8Array(400_000);
    large.set(picture);
    const pictures = new Map<string, Uint8Array>();
    const events = run.recording.events.map((event) => {
      if (event.kind !== 'screenshot') return event;
      const file = `screenshots/${event.id}.jpg`;
      pictures.set(file, large);
      return { ...event, file };
    });
    const report = await openReport([{ ...run, recording: { ...run.recording, events }, pictures }]);
    const { page, trouble } = await report.open(SHOP, 1280);
    const words = await page.locator('#pictures').innerText();
    expect(words).toMatch(
      /\b15 of 87 different pictures are in this file, which holds 8 MB of them at most; the others lie in shop-window\/shopping-0\/screenshots\./,
    );
    expect(await page.locator('#pictures .no-picture').count()).toBe(0);
    await page.locator('.thumb:not([hidden]):has(.no-picture)').first().click();
    expect(await page.locator('dialog.enlarged .caption').innerText()).toMatch(
      /The picture lies in shop-window\/shopping-0\/screenshots\/\d+\.jpg\./,
    );
    expect(trouble).toEqual([]);
    await report.close();
  });
});
