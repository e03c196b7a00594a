import { existsSync } from 'node:fs';

/** The browser that tests use. */
export const BROWSER = process.env['HALFOPEN_CHROMIUM'] ?? '/usr/bin/chromium';

/** Whether what needs a browser can run; what cannot says so loudly, and in CI it has to. */
export function browserAtHand(what: string): boolean {
  const isThere = existsSync(BROWSER) || process.env['CI'] === 'true';
  if (!isThere) process.stderr.write(`LEFT OUT: ${what}, as there is no Chromium at ${BROWSER} (set HALFOPEN_CHROMIUM)\n`);
  return isThere;
}
