import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { extensionFolder } from '../../harness/run/load/k6/build-cache.ts';

/** Names the k6 without our extension that tests use; else one is built, of the version that the extension is built with. */
const VARIABLE = 'HALFOPEN_TEST_STOCK_K6';
const BUILT_WITHIN_MS = 10 * 60_000;

/** Why there can be no k6 without our extension; in CI there has to be one. */
export function stockK6Lack(): string | null {
  if (process.env[VARIABLE] !== undefined || process.env['CI'] === 'true') return null;
  try {
    execFileSync('go', ['version'], { stdio: 'pipe' });
    return null;
  } catch {
    return 'Go is not here, which builds k6';
  }
}

/** Builds it into this folder: seconds where the extension was built before, as all but the last step is the same. */
export async function stockK6In(folder: string): Promise<string> {
  const named = process.env[VARIABLE];
  if (named !== undefined) return named;
  const path = join(folder, 'k6');
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' };
  const args = ['build', '-trimpath', '-buildvcs=false', '-ldflags', '-s -w', '-o', path, 'go.k6.io/k6/v2'];
  await promisify(execFile)('go', args, { cwd: extensionFolder(), env, timeout: BUILT_WITHIN_MS });
  return path;
}
