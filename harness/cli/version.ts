import { readFileSync } from 'node:fs';

/** The version of this package: its manifest stands two folders above, in the repository and where it is installed. */
export function ownVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string };
  return manifest.version;
}
