import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { censoredRun, failingRun, inconclusiveRun, invalidRun, passingRun } from '../../fixtures/recordings/index.ts';
import { isLeftOut, openReport, type OpenReport } from './report-rig.ts';

const HOSTILE = '<img src=x onerror="document.title=1"></script><b>bold</b> $& %%DATA%%';

describe.runIf(!isLeftOut)('the report, opened from disk', () => {
  let report: OpenReport;
  const open: OpenReport['open'] = async (...asked) => report.open(...asked);

  beforeAll(async () => {
    report = await openReport([passingRun(0), failingRun(1), invalidRun(2), inconclusiveRun(3), censoredRun(4, { title: HOSTILE })]);
  });

  afterAll(async () => report.close());

  const pages = [
    '#/',
    '#/s/payments-outage',
    '#/s/payments-outage~2',
    '#/s/payments-slow',
    '#/s/inventory-partition',
    '#/s/payments-stuck',
  ];

  test.each(pages.flatMap((hash) => [[hash, 1280, false] as const, [hash, 400, true] as const]))(
    'draws %s at %d px (dark: %s) without a complaint, a request, or a sideways scroll',
    async (hash, width, dark) => {
      const { page, trouble } = await open(hash, width, { dark });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(trouble).toEqual([]);
      expect(overflow).toBe(0);
      expect(await page.locator('h1').count()).toBe(1);
      await page.context().close();
    },
  );

  test('shows a hostile title as text, everywhere', async () => {
    for (const [hash, script] of [
      ['#/', true],
      ['#/s/payments-stuck', true],
      ['#/', false],
    ] as const) {
      const { page, trouble } = await open(hash, 1280, { script });
      expect(await page.locator('main').innerText()).toContain(HOSTILE);
      expect(await page.locator('main img, main script, main b:text-is("bold")').count()).toBe(0);
      expect(trouble).toEqual([]);
      await page.context().close();
    }
  });

  test('says every verdict without its script', async () => {
    const { page } = await open('#/', 1280, { script: false });
    const words = await page.locator('main').innerText();
    for (const part of [
      '2 fail',
      '1 invalid',
      '1 inconclusive',
      '1 pass',
      'npx halfopen run payments-outage --seed 8123',
      'The breaker closed and reopened twice.',
    ])
      expect(words).toContain(part);
    await page.context().close();
  });

  test('blocks a script that is not its own', async () => {
    const { page, trouble } = await open('#/', 1280);
    await page.evaluate(() => {
      const foreign = document.createElement('script');
      foreign.textContent = 'document.title = "taken"';
      document.body.append(foreign);
    });
    expect(await page.title()).not.toBe('taken');
    expect(trouble.some((line) => line.includes('script-src'))).toBe(true);
    await page.context().close();
  });

  test('the keyboard reaches the axis, steps along it, and the address keeps the moment', async () => {
    const { page } = await open('#/s/payments-outage~2', 1280);
    const focused = async (): Promise<string> => page.evaluate(() => document.activeElement?.id ?? '');
    for (let presses = 0; presses < 60 && (await focused()) !== 'axis'; presses++) await page.keyboard.press('Tab');
    expect(await focused()).toBe('axis');
    const axis = page.locator('#axis');
    await page.keyboard.press('ArrowRight');
    const first = Number(await axis.getAttribute('aria-valuenow'));
    await page.keyboard.press('ArrowRight');
    expect(Number(await axis.getAttribute('aria-valuenow'))).toBeCloseTo(first + 0.25, 3);
    for (let presses = 0; presses < 4; presses++) await page.keyboard.press('PageDown');
    expect(await axis.getAttribute('aria-valuetext')).toMatch(/orders\.payments: .*; Arrivals: /);
    await page.keyboard.press('+');
    await page.waitForURL(/t=-?[\d.]+,-?[\d.]+&c=/);
    const kept = page.url();
    const value = await axis.getAttribute('aria-valuenow');
    await page.context().close();
    const again = await open(kept.slice(kept.indexOf('#')), 1280);
    expect(await again.page.locator('#axis').getAttribute('data-zoomed')).toBe('true');
    expect(await again.page.locator('.readout').innerText()).toContain('Arrivals');
    await again.page.locator('#axis').press('ArrowRight');
    expect(Number(await again.page.locator('#axis').getAttribute('aria-valuenow'))).toBeCloseTo(Number(value) + 0.25, 3);
    await again.page.context().close();
  });

  test('a drag zooms, a double click shows the whole run', async () => {
    const { page } = await open('#/s/payments-outage~2', 1280);
    const box = await page.locator('.veil.front').boundingBox();
    if (box === null) throw new Error('the axis has no place on the page');
    await page.mouse.move(box.x + 300, box.y + 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 500, box.y + 60, { steps: 4 });
    await page.mouse.up();
    await expect.poll(async () => page.locator('#axis').getAttribute('data-zoomed')).toBe('true');
    await page.mouse.dblclick(box.x + 400, box.y + 60);
    await expect.poll(async () => page.locator('#axis').getAttribute('data-zoomed')).toBe('false');
    await page.context().close();
  });

  test('evidence opens its rows and marks the axis; a request opens its trace', async () => {
    const { page } = await open('#/s/payments-outage~2', 1280);
    await page
      .locator('#recovery')
      .getByRole('button', { name: /^exchange \d+$/ })
      .first()
      .click();
    await expect.poll(async () => page.locator('.evidence').innerText()).toMatch(/exchange \d+ · \+[\d.]+ s · orders->payments/);
    expect(await page.locator('rect.marked').count()).toBeGreaterThan(1);
    await page.locator('.evidence').getByRole('button', { name: 'its trace' }).first().click();
    expect(await page.locator('.trace').innerText()).toContain('orders->payments');
    await page.waitForURL(/trace=/);
    await page.context().close();
  });

  test('the filter of requests leaves only what it names', async () => {
    const { page } = await open('#/s/payments-outage~2', 1280);
    const section = page.locator('#requests');
    await section.getByRole('combobox', { name: 'Request' }).selectOption('order');
    await section.getByRole('combobox', { name: 'Outcome' }).selectOption('error');
    const rows = await section.locator('table.requests tbody tr').allInnerTexts();
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.every((row) => row.includes('order') && /http-error|timeout/.test(row))).toBe(true);
    await page.context().close();
  });

  test('the table holds what the charts draw', async () => {
    const { page } = await open('#/s/payments-outage~2', 1280);
    await page.locator('.twin summary').click();
    const oks = await page.locator('.numbers tbody tr td:nth-child(5)').allInnerTexts();
    const total = oks.reduce((sum, text) => sum + Number(text.replaceAll(',', '')), 0);
    expect(await page.locator('.outcome-key').first().innerText()).toContain(`ok ${total}`);
    await page.context().close();
  });

  test('prints in light colours from a dark screen', async () => {
    const { page } = await open('#/s/payments-outage~2', 1280, { dark: true });
    const ink = async (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--ink').trim());
    const onScreen = await ink();
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')));
    expect(await ink()).not.toBe(onScreen);
    expect(await ink()).toBe('#1c1c1a');
    await page.evaluate(() => dispatchEvent(new Event('afterprint')));
    expect(await ink()).toBe(onScreen);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.locator('.toolbar').first().isVisible()).toBe(false);
    await page.context().close();
  });
});
