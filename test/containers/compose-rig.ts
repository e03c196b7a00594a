/** A system in the environment `compose`: its compose file is made as `halfopen compose` makes it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { overlayText } from '../../harness/compose/overlay.ts';
import { definitionsOf, projectOf } from '../../harness/compose/whole.ts';
import { wireEdges } from '../../harness/compose/wiring.ts';
import type { ComposeSettings } from '../../harness/model/place.ts';
import type { Plan } from '../../harness/model/plan.ts';
import type { Edge, Service, System } from '../../harness/model/system.ts';
import { OWN_CODE } from '../../harness/run/environments/compose/own-code.ts';
import { drivers, rigOf, type Rig } from '../integration/environment-rig.ts';

export interface ComposeRigOptions {
  readonly services: Readonly<Record<string, Service>>;
  readonly edges?: readonly Edge[];
  /** Further compose files by name, merged before ours; ours stands alone without any. */
  readonly more?: Readonly<Record<string, string>>;
  readonly settings?: ComposeSettings;
  readonly overrides?: Plan['overrides'];
  /** What the file is made from. @default the services and edges of the system */
  readonly written?: Pick<System, 'services' | 'edges'>;
  /** What becomes of the file before it is used. */
  readonly change?: (text: string) => string;
}

export async function composeRig({
  services,
  edges = [],
  more = {},
  settings,
  overrides,
  written = { services, edges },
  change,
}: ComposeRigOptions): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'halfopen-compose-rig-'));
  const text = wholeFile({ name: 'rig', entry: Object.keys(services)[0] ?? '', ...written, breakers: {} });
  await writeFile(join(folder, 'docker-compose.chaos.yml'), change?.(text) ?? text);
  for (const [name, content] of Object.entries(more)) await writeFile(join(folder, name), content);
  const files = ['docker-compose.chaos.yml', ...Object.keys(more)];
  const rig = await rigOf(services, edges, drivers.compose, {
    projectFolder: folder,
    settings: { compose: { files, ...settings } },
    ...(overrides === undefined ? {} : { overrides }),
  });
  return {
    ...rig,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function wholeFile(system: System): string {
  const project = projectOf(system);
  return overlayText({
    project,
    system,
    wiring: wireEdges(project, system),
    command: 'none',
    start: 'none',
    code: OWN_CODE,
    nodeImage: 'node:24-slim',
    toxiproxyImage: 'ghcr.io/shopify/toxiproxy:2.12.0',
    isDroppingPorts: false,
    definitions: definitionsOf({ system, projectFolder: '.', nodeImage: 'node:24-slim' }),
  });
}
