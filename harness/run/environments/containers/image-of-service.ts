import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { HarnessError, UsageError } from '../../../model/problem.ts';
import type { DockerSettings } from '../../../model/place.ts';
import type { Service } from '../../../model/system.ts';
import type { Engine } from './contract.ts';
import { filesOfService } from './files-of-service.ts';
import { copyEntries, fingerprint } from './image-build-context.ts';
import { contextOf } from './image-build-dockerfile.ts';
import { ensureImage, once, type BuiltImage } from './image-build.ts';
import { STOCK_IMAGE } from './machinery.ts';
import type { SourceEntry } from './source-entry.ts';

/** Where a project's files lie in an image that is made of them. */
const WORKPLACE = '/app';
/** Times that files may change while they are copied. */
const ATTEMPTS = 3;

export interface ImageParts {
  readonly engine: Engine;
  readonly projectFolder: string;
  /** Name of the system, for people who look at their images. */
  readonly system: string;
  readonly settings: DockerSettings;
}

/** What a service's container is started from. */
export interface ServiceImage extends BuiltImage {
  readonly image: string;
  /** Empty: the image's own. */
  readonly command: readonly string[];
  /** Left out: the image's own. */
  readonly workingFolder?: string;
}

/**
 * Finds, fetches or builds the image of a service.
 *
 * @throws {UsageError} if what is declared cannot be had: files that are missing, too large, outside of the project
 * @throws {HarnessError} if the image can be neither found nor fetched, or the builder fails
 */
export async function imageOfService(service: string, declaration: Service, parts: ImageParts): Promise<ServiceImage> {
  const { command, cwd, image, dockerfile } = declaration;
  try {
    if (image !== undefined) {
      const imageId = await present(parts.engine, image, `Cannot start service '${service}' from its image`);
      return { image, imageId, command, builtNow: false };
    }
    if (dockerfile !== undefined) return { ...(await fromDockerfile(service, dockerfile, parts)), command };
    const workingFolder = posix.join(WORKPLACE, cwd ?? '.').replace(/\/$/, '');
    return { ...(await fromFiles(service, declaration, parts)), command, workingFolder };
  } catch (error) {
    if (error instanceof UsageError || error instanceof HarnessError) throw error;
    throw new HarnessError(`Cannot make the image of service '${service}': ${(error as Error).message}`, { cause: error });
  }
}

/** Content address of an image, fetched if it is not here. */
async function present(engine: Engine, image: string, doing: string): Promise<string> {
  const here = await engine.imageId(image);
  if (here !== null) return here;
  try {
    await once(engine, `pull ${image}`, () => engine.pull(image));
  } catch (error) {
    throw new HarnessError(`${doing} as ${image} is not at this engine. ${(error as Error).message}`, { cause: error });
  }
  const fetched = await engine.imageId(image);
  if (fetched !== null) return fetched;
  throw new HarnessError(`${doing}: ${image} was fetched and is not there (way out: docker pull ${image})`);
}

type Made = BuiltImage & { readonly image: string };

async function fromDockerfile(service: string, declared: string, { engine, projectFolder, system }: ImageParts): Promise<Made> {
  return whileUnchanged(service, async () => {
    const { dockerfile, entries, bases } = await contextOf(service, declared, projectFolder);
    const doing = `Cannot build the image of service '${service}' from ${dockerfile}`;
    const baseIds = await Promise.all(bases.map((base) => present(engine, base, doing)));
    const content = await fingerprint(projectFolder, entries);
    const image = `halfopen-${slugOf(system)}-${slugOf(service)}:${hashOf([dockerfile, ...baseIds, content])}`;
    const lineage = hashOf([projectFolder, system, service, dockerfile]);
    const fill = async (folder: string): Promise<{ readonly dockerfile: string }> => {
      demandSame(content, await copyEntries(projectFolder, entries, folder));
      return { dockerfile };
    };
    try {
      return { ...(await ensureImage(engine, { tag: image, system, lineage, fill })), image };
    } catch (error) {
      throw error instanceof HarnessError ? new HarnessError(`${doing}. ${error.message}`, { cause: error }) : error;
    }
  });
}

async function fromFiles(
  service: string,
  declaration: Service,
  { engine, projectFolder, system, settings: { image: base = STOCK_IMAGE } }: ImageParts,
): Promise<Made> {
  const doing = `Cannot make the image of service '${service}'`;
  const baseId = await present(engine, base, `${doing}, which has neither 'image' nor 'dockerfile',`);
  return whileUnchanged(service, async () => {
    const { declared, entries } = await filesOfService(service, declaration, projectFolder);
    const content = await fingerprintOnce(engine, projectFolder, entries);
    // Without the service's name: services with the same files share one image.
    const image = `halfopen-${slugOf(system)}:${hashOf([baseId, content])}`;
    const lineage = hashOf([projectFolder, system, base, ...declared]);
    const fill = async (folder: string): Promise<{ readonly dockerfile: string }> => {
      demandSame(content, await copyEntries(projectFolder, entries, join(folder, 'files')));
      await writeFile(join(folder, 'Dockerfile'), `FROM ${base}\nWORKDIR ${WORKPLACE}\nCOPY files/ ${WORKPLACE}/\n`);
      return { dockerfile: 'Dockerfile' };
    };
    try {
      return { ...(await ensureImage(engine, { tag: image, system, lineage, fill })), image };
    } catch (error) {
      throw error instanceof HarnessError ? new HarnessError(`${doing}. ${error.message}`, { cause: error }) : error;
    }
  });
}

/** Services that come up together mostly have the same files. */
function fingerprintOnce(engine: Engine, projectFolder: string, entries: readonly SourceEntry[]): Promise<string> {
  const list = hashOf([projectFolder, JSON.stringify(entries)]);
  return once(engine, `read ${list}`, () => fingerprint(projectFolder, entries));
}

/** What was copied is not what the tag says. */
class ChangedMeanwhile extends Error {}

function demandSame(expected: string, copied: string): void {
  if (copied !== expected) throw new ChangedMeanwhile();
}

async function whileUnchanged<T>(service: string, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isLast = attempt === ATTEMPTS;
      if (!(error instanceof ChangedMeanwhile)) throw error;
      if (isLast) throw new HarnessError(`Cannot make the image of service '${service}': its files change while they are copied`);
    }
  }
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}

/** A name as it may stand in an image's. */
function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-|-$/g, '');
  return slug === '' ? 'system' : slug;
}
