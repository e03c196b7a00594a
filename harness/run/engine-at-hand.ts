import type { DockerSettings } from '../model/place.ts';
import { connectEngine } from './environments/containers/engine.ts';
import { STOCK_IMAGE, TOXIPROXY_IMAGE } from './environments/containers/machinery.ts';
import { engineAddress } from './ledger/index.ts';

/** The container engine that runs would use, as `doctor` tells of it. */
export interface EngineAtHand {
  readonly version: string;
  readonly apiVersion: string;
  readonly address: string;
  readonly images: readonly NeededImage[];
}

export interface NeededImage {
  readonly image: string;
  readonly use: string;
  /** Runs cannot do without it. */
  readonly isNeeded: boolean;
  readonly isHere: boolean;
}

/**
 * Asks the engine about itself and about the images that halfopen itself starts.
 *
 * @throws {HarnessError} if none answers
 */
export async function engineAtHand(settings: DockerSettings = {}): Promise<EngineAtHand> {
  const engine = await connectEngine();
  const images = [
    { image: settings.image ?? STOCK_IMAGE, use: 'the relay, and services without an image', isNeeded: true },
    { image: settings.toxiproxyImage ?? TOXIPROXY_IMAGE, use: 'the faults on connections', isNeeded: true },
    {
      image: process.env['RYUK_CONTAINER_IMAGE'] ?? 'testcontainers/ryuk:0.14.0',
      use: "Testcontainers' clean-up, beside halfopen's own",
      isNeeded: false,
    },
  ];
  return {
    version: engine.version,
    apiVersion: engine.apiVersion,
    address: engineAddress(),
    images: await Promise.all(images.map(async (image) => ({ ...image, isHere: (await engine.imageId(image.image)) !== null }))),
  };
}

/** Where the engine is looked for. */
export { engineAddress };
