/** Goal: the page on Toxiproxy prints the table of improvements that the conformance suite shows (`UPDATE=1` rewrites it). */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { printImprovements } from '../../conformance/improvements.ts';

const page = fileURLToPath(new URL('../../../docs/toxiproxy.md', import.meta.url));

test('the page has the table', async () => {
  const text = readFileSync(page, 'utf8');
  const between = /(?<=<!-- improvements -->\n)[\s\S]*(?=<!-- \/improvements -->)/;
  expect(text).toMatch(between);
  const table = await format(printImprovements(), { ...(await resolveConfig(page)), parser: 'markdown' });
  const wanted = text.replace(between, `\n${table}\n`);
  if (process.env['UPDATE'] === '1') writeFileSync(page, wanted);
  else expect(text).toBe(wanted);
});
