import { embedded, type EmbeddedParts } from './embedded.ts';

/** Every place that a system can be run in, made from what `run/parts` brings together. */
export function environmentDrivers(parts: EmbeddedParts) {
  return { embedded: embedded(parts) } as const;
}
