import { checkK6, findK6, goVersionAt } from '../../run/load/k6/build.ts';
import { openProject } from '../project.ts';
import type { Diagnosis, Look } from './diagnosis.ts';

const OPTIONAL = 'only --load k6 needs it';

async function k6(): Promise<Diagnosis> {
  const about = 'k6';
  try {
    const found = await findK6(await settings());
    if (found === null) return { about, state: 'mind', ...(await notBuilt()) };
    const { version, path } = await checkK6(found);
    return { about, state: 'fine', found: `${version} with the extension halfopen, ${path}` };
  } catch (error) {
    return { about, state: 'mind', found: `${(error as Error).message.trim()}; ${OPTIONAL}` };
  }
}

async function notBuilt(): Promise<Pick<Diagnosis, 'found' | 'wayOut'>> {
  try {
    const version = await goVersionAt();
    return { found: `not built, and ${version} is here; ${OPTIONAL}`, wayOut: 'npx halfopen k6 build' };
  } catch {
    // Whatever the reason: this Go does not build it.
    return { found: `not built, and no Go that could; ${OPTIONAL}`, wayOut: 'install Go 1.25 or newer, then npx halfopen k6 build' };
  }
}

/** A wrong configuration is told by itself; the defaults are looked at then. */
async function settings(): Promise<{ readonly executable?: string | undefined }> {
  const project = await openProject(process.cwd()).catch(() => null);
  return project?.config.k6 ?? {};
}

export const loadLooks: Readonly<Record<string, Look>> = { k6 };
