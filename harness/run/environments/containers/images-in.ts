import type { ServiceContainer } from './service-container.ts';

/** Service → image with its content address. */
export async function imagesIn(services: ReadonlyMap<string, ServiceContainer>): Promise<Readonly<Record<string, string>>> {
  const found = [...services].map(async ([name, { container }]) => {
    const { image, imageId } = await container.inspect();
    return [name, `${image} ${imageId}`] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}
