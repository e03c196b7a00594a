import { journey } from 'halfopen/playwright';

/** How long a user waits for the page to answer: longer than the page itself waits for the shop, in milliseconds. */
const PATIENCE = { timeout: 6000 };

/** A user looks at a price, looks again, and orders with the double click of somebody in a hurry. */
export default journey(async ({ page, step, data }) => {
  const price = page.locator('#price').filter({ hasText: /€|not available/ });

  await step('price', async () => {
    await page.goto(`/?sku=${data['sku']}`);
    await price.waitFor(PATIENCE);
  });

  await step('refresh', async () => {
    const answered = page.waitForResponse((response) => response.url().includes('/quote/'), PATIENCE);
    await Promise.all([answered, page.getByRole('button', { name: 'Refresh the price' }).click(PATIENCE)]);
    await page.locator('#refresh:not([aria-busy])').waitFor(PATIENCE);
  });

  await step('order', async () => {
    await page.getByRole('button', { name: 'Order', exact: true }).dblclick(PATIENCE);
    await page.getByText(/^Thank you\.|^We (?:cannot take|could not confirm) your order/).waitFor(PATIENCE);
  });
});
