import { realpathSync } from 'node:fs';
import { basename, dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `.ts` in the repository, `.js` where it was built. */
const EXTENSION = extname(import.meta.url);
/** The folder that holds all stages. */
const STAGES = fileURLToPath(new URL('../../../', import.meta.url));

/** This package, and where in it the programs are that run in containers. */
export const OWN_CODE = {
  folder: realpathSync(dirname(STAGES)),
  relay: programAt('run/proxy/main'),
  sentinel: programAt('run/environments/sentinel'),
} as const;

function programAt(path: string): string {
  return `${basename(STAGES)}/${path}${EXTENSION}`;
}
