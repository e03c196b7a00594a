// Goal: what users of the shop see is true and usable in health, while a price is stale, and when an order fails, and each planted defect of the
// page shows.
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BROWSER, browserAtHand } from '../browser-at-hand.ts';
import { playService, reply, startShop, until, type Json, type PlayedService, type RunningService } from './shop-processes.ts';

const OUT_OF_DATE = 'This price may be out of date.';
/** Where to keep pictures for people to look at; none without it. */
const PICTURES = process.env['HALFOPEN_PICTURES'];

/** A payments service that fails when it is told to. */
interface Payments extends PlayedService {
  mode: 'well' | 'failing' | 'hanging';
}

async function playPayments(): Promise<Payments> {
  const said: { mode: Payments['mode'] } = { mode: 'well' };
  const played = await playService((request, response) => {
    if (said.mode === 'hanging') return;
    if (said.mode === 'failing') return reply(response, 503, { code: 'DOWN' });
    const [, , sku = 'kettle'] = (request.url ?? '').split('/');
    const fee = { sku, amount: 195, version: 'fee#1' };
    if (request.method === 'GET') return reply(response, 200, fee);
    return reply(response, 201, { chargeId: 'charge-1' });
  });
  return Object.assign(said, played);
}

function effectsOf({ printed }: RunningService, effect: string): readonly Json[] {
  return printed.filter((line) => line['effect'] === effect);
}

describe.runIf(browserAtHand("the shop's page"))("the shop's page", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: BROWSER, args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  /** The shop with payments played by the test, and its page in a browser that keeps account of complaints. */
  async function visit(
    defect = '',
    { colorScheme = 'light', catalog }: { readonly colorScheme?: 'light' | 'dark'; readonly catalog?: string } = {},
  ) {
    await using stack = new AsyncDisposableStack();
    const payments = stack.adopt(await playPayments(), (played) => played[Symbol.asyncDispose]());
    const shop = stack.use(
      await startShop({ payments: payments.url, ...(catalog === undefined ? {} : { catalog }) }, { gateway: { DEFECT: defect } }),
    );
    const context = stack.adopt(
      await browser.newContext({ baseURL: shop.gateway.url, colorScheme, viewport: { width: 480, height: 640 } }),
      (own) => own.close(),
    );
    const page = await context.newPage();
    const trouble: string[] = [];
    page.on('console', (message) => trouble.push(message.text()));
    page.on('pageerror', (error) => trouble.push(error.message));
    const kept = stack.move();
    return { shop, payments, page, trouble, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  }

  async function picture(page: Page, name: string): Promise<void> {
    if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png` });
  }

  const seen = (page: Page): Promise<string> => page.locator('body').innerText();
  const orderButton = (page: Page) => page.getByRole('button', { name: 'Order', exact: true });

  /** The page's price is asked again and shown. */
  async function refreshed(page: Page): Promise<void> {
    const answered = page.waitForResponse((response) => response.url().includes('/quote/'));
    await page.getByRole('button', { name: 'Refresh the price' }).click();
    await answered;
    await page.locator('#refresh:not([aria-busy])').waitFor();
  }

  test('shows price, fee and age, and takes one order for a double click', async () => {
    await using visited = await visit();
    const { page, shop, trouble } = visited;
    await page.goto('/?sku=lamp');
    await page.getByText('plus a fee of € 1.95').waitFor();
    expect(await page.getByLabel('Good').inputValue()).toBe('lamp');
    expect(await page.locator('#price').innerText()).toMatch(/^€ \d+\.\d\d$/);
    expect(await seen(page)).toContain('as of now');
    expect(await seen(page)).not.toContain('out of date');
    await orderButton(page).dblclick();
    await page
      .getByRole('status')
      .getByText(/^Thank you\. Your order basket-[0-9a-f]{16} is placed\.$/)
      .waitFor();
    await picture(page, 'healthy');
    expect(effectsOf(shop.gateway, 'basket-ordered')).toHaveLength(1);
    // The second click of a slow double click comes when the order is placed already: it is no order.
    await orderButton(page).click({ force: true });
    await page.getByRole('button', { name: 'New order' }).click();
    await orderButton(page).click();
    await page.getByText(/^Thank you\./).waitFor();
    await until(() => effectsOf(shop.gateway, 'basket-ordered').length === 2, 'the second basket is ordered');
    expect(new Set(effectsOf(shop.gateway, 'basket-ordered').map((line) => line['key'])).size).toBe(2);
    expect(trouble).toEqual([]);
  });

  test('says that a price is old while it is, and no longer once it is not', async () => {
    await using visited = await visit();
    const { page, payments } = visited;
    await page.goto('/');
    await page.getByText('plus a fee of € 1.95').waitFor();
    payments.mode = 'failing';
    await refreshed(page);
    await page.getByRole('status').getByText(OUT_OF_DATE).waitFor();
    await page.getByText(/as of [1-9]\d* s ago/).waitFor();
    await picture(page, 'stale');
    payments.mode = 'well';
    await until(async () => {
      await refreshed(page);
      return (await seen(page)).includes('as of now');
    }, 'the price is fresh');
    expect(await seen(page)).not.toContain('out of date');
  });

  test('tells in plain words that an order is not taken, and repeats it with the same key', async () => {
    await using visited = await visit('', { colorScheme: 'dark' });
    const { page, payments, shop } = visited;
    await page.goto('/');
    await page.getByText('plus a fee').waitFor();
    payments.mode = 'failing';
    const keys: (string | undefined)[] = [];
    page.on('request', (request) => request.method() === 'POST' && keys.push(request.headers()['idempotency-key']));
    await orderButton(page).dblclick();
    await page.getByRole('alert').getByText('We cannot take your order right now. You were not charged.').waitFor();
    await picture(page, 'failed');
    expect(await seen(page)).not.toMatch(/503|PAYMENT_|Error|undefined|null/);
    payments.mode = 'well';
    await orderButton(page).click();
    await page.getByText(/^Thank you\.|^We cannot take/).waitFor();
    expect(keys).toHaveLength(2);
    expect(keys[0]).toBe(keys[1]);
    expect(effectsOf(shop.gateway, 'basket-ordered').length).toBeLessThanOrEqual(1);
  });

  test('does not know whether an order was placed when no answer comes, and says so', async () => {
    await using visited = await visit();
    const { page, payments } = visited;
    await page.goto('/');
    await page.getByText('plus a fee').waitFor();
    payments.mode = 'hanging';
    await orderButton(page).click();
    const alert = page.getByRole('alert').filter({ hasText: /\S/ });
    await alert.waitFor();
    expect(await alert.innerText()).toBe('We could not confirm your order yet. Press Order again: you are charged once at most.');
  });

  test('keeps the last price and says that it could not be refreshed when the shop is gone', async () => {
    await using visited = await visit();
    const { page } = visited;
    await page.goto('/');
    await page.getByText('plus a fee').waitFor();
    const price = await page.locator('#price').innerText();
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Refresh the price' }).click();
    await page.getByText(`We could not refresh the price. ${OUT_OF_DATE}`).waitFor();
    expect(await page.locator('#price').innerText()).toBe(price);
    await orderButton(page).click();
    await page.getByRole('alert').getByText('We could not confirm your order yet.').waitFor();
  });

  test('says that there is no price where none was ever told, and takes no order then', async () => {
    await using catalog = await playService((_, response) =>
      response.writeHead(500, { 'content-type': 'text/plain' }).end('Traceback: boom'),
    );
    await using visited = await visit('', { catalog: catalog.url });
    const { page } = visited;
    await page.goto('/');
    await page.getByText('The price is not available right now.').waitFor();
    expect(await seen(page)).not.toMatch(/boom|500|undefined|NaN/);
    expect(await orderButton(page).getAttribute('aria-disabled')).toBe('true');
  });

  test('names every control, lets nothing of others in, and works by keyboard', async () => {
    await using visited = await visit();
    const { page, trouble, shop } = visited;
    const answer = await fetch(`${shop.gateway.url}/`);
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await answer.text()).not.toMatch(/<script(?! src="\/)| style=| on\w+=/);
    await page.goto('/');
    await page.getByText('plus a fee').waitFor();
    expect(await page.locator('main').ariaSnapshot()).not.toMatch(/- (?:button|combobox)(?! ")/);
    await orderButton(page).focus();
    await page.keyboard.press('Enter');
    await page.getByText(/^Thank you\./).waitFor();
    expect(trouble).toEqual([]);
  });

  describe('with a planted defect', () => {
    test('silent-stale shows an old price without a word', async () => {
      await using visited = await visit('silent-stale');
      const { page, payments } = visited;
      await page.goto('/');
      await page.getByText('plus a fee').waitFor();
      payments.mode = 'failing';
      await refreshed(page);
      await page.getByText(/as of [1-9]\d* s ago/).waitFor();
      expect(await seen(page)).not.toContain('out of date');
    });

    test('blank-on-error leaves nothing when an order fails', async () => {
      await using visited = await visit('blank-on-error');
      const { page, payments } = visited;
      await page.goto('/');
      await page.getByText('plus a fee').waitFor();
      payments.mode = 'failing';
      await orderButton(page).click();
      await page.locator('main').waitFor({ state: 'detached' });
      expect((await seen(page)).trim()).toBe('');
    });

    test('double-order places two orders for a double click', async () => {
      await using visited = await visit('double-order');
      const { page, shop } = visited;
      await page.goto('/');
      await page.getByText('plus a fee').waitFor();
      await orderButton(page).dblclick();
      await until(() => effectsOf(shop.gateway, 'basket-ordered').length === 2, 'both orders are placed');
      expect(new Set(effectsOf(shop.gateway, 'basket-ordered').map((line) => line['key'])).size).toBe(1);
    });
  });
});
