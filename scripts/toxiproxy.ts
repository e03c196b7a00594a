/** The real Toxiproxy, for whatever is compared with it: `TOXIPROXY_SERVER`, or 2.12.0 built once from its published Go module. */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { go, goBuilt } from './bench-proxy/go-program.ts';

const VERSION = '2.12.0';
const MODULE = 'github.com/Shopify/toxiproxy/v2';
const ANSWERS_WITHIN_MS = 10_000;

/** The server's binary and what it says its version is, or why there is none. */
export type RealToxiproxy = { readonly path: string; readonly version: string } | { readonly reason: string };

/** Finds the real Toxiproxy, or builds it: half a minute the first time, nothing afterwards. Never throws. */
export async function realToxiproxy(): Promise<RealToxiproxy> {
  const named = process.env['TOXIPROXY_SERVER'] ?? '';
  if (named !== '' && !existsSync(named)) return { reason: `TOXIPROXY_SERVER names a file that is not there: ${named}` };
  try {
    const path = named !== '' ? named : await built();
    return { path, version: await versionOf(path) };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Built from a throw-away module that requires it, because `go install` also asks for the newest version, which a proxy may not know.
 * The checksums of its dependencies are those that the module published.
 */
function built(): Promise<string> {
  return goBuilt({
    name: `toxiproxy-server-${VERSION}`,
    async prepare(folder) {
      const { Dir } = JSON.parse(await go(['mod', 'download', '-json', `${MODULE}@v${VERSION}`], folder)) as { readonly Dir: string };
      await go(['mod', 'init', 'real'], folder);
      await go(['mod', 'edit', `-require=${MODULE}@v${VERSION}`], folder);
      copyFileSync(join(Dir, 'go.sum'), join(folder, 'go.sum'));
      return { package: `${MODULE}/cmd/server`, ldflags: `-X ${MODULE}.Version=${VERSION}` };
    },
  });
}

/** `toxiproxy-server version 2.12.0` → `2.12.0`; a build without its version says `git`. */
async function versionOf(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['-version'], { timeout: ANSWERS_WITHIN_MS });
  return stdout.trim().split(/\s+/).at(-1) ?? '';
}
