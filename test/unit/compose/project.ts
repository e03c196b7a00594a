import type { ComposeProject, ComposeService } from '../../../harness/compose/resolved.ts';

/** A service as compose prints one that says nothing special. */
export function service(extra: Partial<ComposeService> = {}): ComposeService {
  return {
    image: 'node:24-slim',
    isBuilt: false,
    environment: {},
    networks: { default: [] },
    networkMode: null,
    containerName: null,
    ports: [],
    exposed: [],
    profiles: [],
    links: [],
    dependsOn: [],
    replicas: 1,
    ...extra,
  };
}

export function project(services: ComposeProject['services'], extra: Partial<ComposeProject> = {}): ComposeProject {
  return {
    name: 'test',
    services,
    networks: { default: { name: 'test_default', isExternal: false, isInternal: false } },
    volumes: {},
    configs: {},
    ...extra,
  };
}
