import type { ComposeProject } from '../../../compose/resolved.ts';
import { HarnessError } from '../../../model/problem.ts';
import type { Engine } from '../containers/contract.ts';
import { ComposeFailure, pullImages, type ComposeCall } from './docker-compose.ts';

/**
 * Fetches images that are not here. Those that compose builds are its own to make.
 *
 * @throws {HarnessError} that names each image that cannot be had, and who wants it
 */
export async function demandImages(engine: Engine, call: ComposeCall, { services }: ComposeProject): Promise<void> {
  const missing = await missingImages(engine, services);
  if (missing.size === 0) return;
  let said = '';
  try {
    await pullImages(call, [...missing.values()].flat());
  } catch (error) {
    if (!(error instanceof ComposeFailure)) throw error;
    said = error.said;
  }
  const left = await missingImages(engine, services);
  if (left.size === 0) return;
  const list = [...left].map(([image, names]) => `  ${image}, for ${names.join(', ')}`);
  throw new HarnessError(
    [
      'Cannot start the services of the compose files as images are not here and cannot be fetched:',
      ...list,
      ...(said === '' ? [] : [`  docker compose says: ${said.replaceAll('\n', ' ')}`]),
      `  Way out: docker pull ${[...left.keys()].join(' ')} where their registry can be reached, or build them under these names.`,
    ].join('\n'),
  );
}

async function missingImages(engine: Engine, services: ComposeProject['services']): Promise<ReadonlyMap<string, readonly string[]>> {
  const wanted = new Map<string, string[]>();
  for (const [name, { image, isBuilt }] of Object.entries(services)) {
    if (image !== null && !isBuilt) wanted.set(image, [...(wanted.get(image) ?? []), name]);
  }
  const found = await Promise.all([...wanted].map(async ([image, names]) => [image, names, await engine.imageId(image)] as const));
  return new Map(found.flatMap(([image, names, id]) => (id === null ? [[image, names] as const] : [])));
}
