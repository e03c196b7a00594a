import type Dockerode from 'dockerode';
import type { Engine, LabelledImage } from './contract.ts';
import { calling, statusOf } from './engine-failure.ts';

/** What an engine does with the images that halfopen built. */
export function imagesOf(dockerode: Dockerode): Pick<Engine, 'images' | 'removeImage'> {
  return {
    async images(label) {
      const found = await calling(`look for images with the label ${label}`, dockerode.listImages({ filters: { label: [label] } }));
      return found.map(labelledImage);
    },
    async removeImage(reference) {
      try {
        await calling(`remove image ${reference}`, dockerode.getImage(reference).remove());
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return true;
        if (statusOf(error) === 409) return false;
        throw error;
      }
    },
  };
}

function labelledImage({ Id, RepoTags, Labels }: Dockerode.ImageInfo): LabelledImage {
  // The engine names what has no name; null from some engines.
  const tags = ((RepoTags as readonly string[] | null | undefined) ?? []).filter((tag) => tag !== '<none>:<none>');
  return { id: Id, tags, labels: (Labels as LabelledImage['labels'] | null | undefined) ?? {} };
}
