import { attach } from './attach.ts';
import { compose } from './compose.ts';
import type { ContainerParts } from './containers/parts.ts';
import { docker } from './docker.ts';
import { embedded } from './embedded.ts';

/** Every place that a system can be run in, made from what `run/parts` brings together. */
export function environmentDrivers(parts: ContainerParts) {
  return { embedded: embedded(parts), docker: docker(parts), compose: compose(parts), attach: attach(parts) } as const;
}
