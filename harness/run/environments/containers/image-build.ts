import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HarnessError } from '../../../model/problem.ts';
import type { Engine, LabelledImage } from './contract.ts';

/** Label of every image that halfopen built: the system that it is for. */
const IMAGE_LABEL = 'dev.halfopen.image';
/** Label that tells versions of one image: what it is made from, without the content. */
const LINEAGE_LABEL = 'dev.halfopen.image.of';
/** Label with the moment of the build, in milliseconds since 1970: the engine tells seconds, and of a cached step those of an earlier build. */
const BUILT_LABEL = 'dev.halfopen.image.built';

/** Older images of a lineage that are kept beside the newest: going back to yesterday's code builds nothing. */
const KEPT = 2;
const CONTEXT_PREFIX = 'halfopen-image-';
/** Age from which a context cannot belong to a build any more, in milliseconds. */
const CONTEXT_MAX_MS = 3_600_000;

export interface ImageRecipe {
  /** `repository:hash`; the same tag is the same content. */
  readonly tag: string;
  readonly system: string;
  /** The same for every version of an image. */
  readonly lineage: string;
  /** Fills an empty folder with the context, and tells where in it the Dockerfile lies; rejects if the content is not the tag's any more. */
  readonly fill: (folder: string) => Promise<{ readonly dockerfile: string }>;
}

export interface BuiltImage {
  readonly imageId: string;
  /** It was not there before. */
  readonly builtNow: boolean;
}

/** The image of that tag: the one that is there, or a new one. Several that ask at the same time get the same. */
export function ensureImage(engine: Engine, recipe: ImageRecipe): Promise<BuiltImage> {
  return once(engine, `build ${recipe.tag}`, async () => {
    const present = await engine.imageId(recipe.tag);
    if (present !== null) return { imageId: present, builtNow: false };
    const imageId = await build(engine, recipe);
    await removeOlder(engine, recipe, imageId);
    return { imageId, builtNow: true };
  });
}

async function build(engine: Engine, { tag, system, lineage, fill }: ImageRecipe): Promise<string> {
  await removeForsakenContexts();
  const folder = await mkdtemp(join(tmpdir(), CONTEXT_PREFIX));
  try {
    const { dockerfile } = await fill(folder);
    await engine.build({
      folder,
      dockerfile,
      tag,
      labels: { [IMAGE_LABEL]: system, [LINEAGE_LABEL]: lineage, [BUILT_LABEL]: String(Date.now()) },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const imageId = await engine.imageId(tag);
  if (imageId === null) throw new HarnessError(`Cannot build image ${tag}: the engine says that it was built, and does not have it`);
  return imageId;
}

/** Only of this lineage, by label; those that a container uses stay. */
async function removeOlder(engine: Engine, { lineage, tag }: ImageRecipe, imageId: string): Promise<void> {
  const others = (await engine.images(`${LINEAGE_LABEL}=${lineage}`)).filter(({ id, tags }) => id !== imageId && !tags.includes(tag));
  const old = others.toSorted((left, right) => builtAtMs(right) - builtAtMs(left)).slice(KEPT);
  for (const { id, tags } of old) for (const reference of tags.length === 0 ? [id] : tags) await engine.removeImage(reference);
}

function builtAtMs({ labels }: LabelledImage): number {
  return Number(labels[BUILT_LABEL] ?? 0);
}

/** A process that was killed while it built leaves its context behind. */
async function removeForsakenContexts(): Promise<void> {
  const names = (await readdir(tmpdir())).filter((name) => name.startsWith(CONTEXT_PREFIX));
  await Promise.all(
    names.map(async (name) => {
      const folder = join(tmpdir(), name);
      const found = await stat(folder).catch(() => null);
      if (found !== null && Date.now() - found.mtimeMs > CONTEXT_MAX_MS)
        await rm(folder, { recursive: true, force: true }).catch(() => null);
    }),
  );
}

const underway = new WeakMap<Engine, Map<string, Promise<unknown>>>();

/** Does a piece of work at an engine once for all who ask for it while it lasts. */
export function once<T>(engine: Engine, name: string, work: () => Promise<T>): Promise<T> {
  const works = underway.get(engine) ?? new Map<string, Promise<unknown>>();
  underway.set(engine, works);
  const running = works.get(name) as Promise<T> | undefined;
  if (running !== undefined) return running;
  const started = work().finally(() => works.delete(name));
  works.set(name, started);
  return started;
}
