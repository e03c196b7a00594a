/** Goal: no two pieces of the same work at an engine, no image under a name that is not its content, no failure without service and way out. */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HarnessError } from '../../../../../harness/model/problem.ts';
import type { Service } from '../../../../../harness/model/system.ts';
import type { Engine } from '../../../../../harness/run/environments/containers/contract.ts';
import { imageOfService } from '../../../../../harness/run/environments/containers/image-of-service.ts';

let folder: string;
/** Image → content address. */
let images: Map<string, string>;
let calls: string[];
let onBuild: (folder: string) => void;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'halfopen-image-test-'));
  mkdirSync(join(folder, 'app'));
  writeFileSync(join(folder, 'app/main.js'), 'one');
  images = new Map([['node:24-slim', 'sha256:stock']]);
  calls = [];
  onBuild = () => undefined;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** An engine of which only images are asked; anything else is no function. */
const engine = {
  imageId: (image) => Promise.resolve(images.get(image) ?? null),
  async pull(image) {
    calls.push(`pull ${image}`);
    await new Promise((resolve) => setImmediate(resolve));
    if (image.startsWith('absent')) throw new HarnessError(`Cannot fetch image ${image}: no route (way out: docker pull ${image})`);
    images.set(image, `sha256:${image}`);
  },
  async build({ tag, folder: context }) {
    calls.push(`build ${tag}`);
    await new Promise((resolve) => setImmediate(resolve));
    onBuild(context);
    images.set(tag, `sha256:${tag}`);
  },
  images: () => Promise.resolve([]),
} as Partial<Engine> as Engine;

const service = (extra: Partial<Service> = {}): Service => ({
  command: ['node', 'app/main.js'],
  portEnv: 'PORT',
  readyWithinMs: 1000,
  ...extra,
});
const imageOf = (name: string, declaration: Service, settings = {}) =>
  imageOfService(name, declaration, { engine, projectFolder: folder, system: 'The Shop!', settings });

it('fetches an absent image once for all who need it', async () => {
  const declared = service({ command: [], image: 'redis:9' });
  const found = await Promise.all([imageOf('a', declared), imageOf('b', declared), imageOf('c', declared)]);
  expect(found[0]).toEqual({ image: 'redis:9', imageId: 'sha256:redis:9', command: [], builtNow: false });
  expect(calls).toEqual(['pull redis:9']);
});

it('says for whom, what was tried and the way out where an image cannot be had', async () => {
  await expect(imageOf('cache', service({ image: 'absent:1' }))).rejects.toThrow(
    "Cannot start service 'cache' from its image as absent:1 is not at this engine. Cannot fetch image absent:1: no route (way out: docker pull absent:1)",
  );
  await expect(imageOf('orders', service(), { image: 'absent:2' })).rejects.toThrow(
    /^Cannot make the image of service 'orders', which has neither 'image' nor 'dockerfile', as absent:2 is not at this engine\./,
  );
  // A later run tries again.
  await expect(imageOf('cache', service({ image: 'absent:1' }))).rejects.toThrow(HarnessError);
  expect(calls.filter((call) => call === 'pull absent:1')).toHaveLength(2);
});

it('makes another image of another base, and the same of the same', async () => {
  const [first, other] = [await imageOf('orders', service()), await imageOf('orders', service(), { image: 'node:26' })];
  expect(first.image).toMatch(/^halfopen-the-shop:[0-9a-f]{16}$/);
  expect(other.image).not.toBe(first.image);
  expect((await imageOf('orders', service())).builtNow).toBe(false);
  images.set('node:24-slim', 'sha256:stock-of-today');
  expect((await imageOf('orders', service())).image).not.toBe(first.image);
});

it('copies again when a file changes between reading and copying, and never gives a wrong name', async () => {
  const path = join(folder, 'app/main.js');
  const { imageId } = engine;
  let edits = 0;
  // The last thing that happens before files are copied.
  const editing: Engine = {
    ...engine,
    async imageId(image) {
      if (image.startsWith('halfopen-') && edits++ === 0) writeFileSync(path, 'two');
      return imageId(image);
    },
  };
  let inside = '';
  onBuild = (context) => (inside = readFileSync(join(context, 'files/app/main.js'), 'utf8'));
  const parts = { projectFolder: folder, system: 'shop', settings: {} };
  const made = await imageOfService('orders', service(), { ...parts, engine: editing });
  expect(inside).toBe('two');
  expect(calls).toEqual([`build ${made.image}`]);
  expect(await imageOfService('orders', service(), { ...parts, engine })).toMatchObject({ image: made.image, builtNow: false });

  let changes = 0;
  const restless: Engine = {
    ...engine,
    async imageId(image) {
      if (image.startsWith('halfopen-')) writeFileSync(path, `change ${changes++}`);
      return image.startsWith('halfopen-') ? null : imageId(image);
    },
  };
  await expect(imageOfService('orders', service(), { ...parts, engine: restless })).rejects.toThrow(
    "Cannot make the image of service 'orders': its files change while they are copied",
  );
});

it('leaves no context behind, built or not', async () => {
  let context = '';
  onBuild = (used) => {
    context = used;
    expect(readdirSync(used)).toEqual(['Dockerfile', 'files']);
    throw new HarnessError('Cannot build image: no space');
  };
  await expect(imageOf('orders', service())).rejects.toThrow("Cannot make the image of service 'orders'. Cannot build image: no space");
  expect(() => readdirSync(context)).toThrow(/ENOENT/);
});

it('takes a Dockerfile only from inside the project, and fetches what it starts from', async () => {
  await expect(imageOf('orders', service({ dockerfile: '../Dockerfile' }))).rejects.toThrow(
    /services\.orders\.dockerfile: expected a path inside/,
  );
  await expect(imageOf('orders', service({ dockerfile: 'Dockerfile' }))).rejects.toThrow(
    /expected a Dockerfile that can be read, found ENOENT/,
  );
  const lines = ['ARG V=1', 'FROM --platform=linux/amd64 golang:1 AS build', 'FROM build AS more', 'FROM base:${V}', 'FROM scratch'];
  writeFileSync(join(folder, 'Dockerfile'), [...lines, 'COPY --chown=1 --from=build /a /a', 'COPY --from=tools:2 /b /b'].join('\n'));
  const made = await imageOf('Orders_1', service({ dockerfile: 'Dockerfile' }));
  expect(made.image).toMatch(/^halfopen-the-shop-orders-1:[0-9a-f]{16}$/);
  expect(calls).toEqual(['pull golang:1', 'pull tools:2', `build ${made.image}`]);
});
