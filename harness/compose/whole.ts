import type { Backing, Edge, Service, System } from '../model/system.ts';
import { HOST_PORTS } from './own-services.ts';
import { publish } from './overlay.ts';
import type { ComposeProject, ComposeService } from './resolved.ts';
import { mapping, type Mapping, type Node } from './yaml.ts';

/** The folder in a container at which the project's is mounted. */
const APP_FOLDER = '/app';
const USUAL_PORT = 8080;

export interface WholeRequest {
  readonly system: System;
  /** Folder that commands and Dockerfiles count from, relative to the compose project's. */
  readonly projectFolder: string;
  /** Image for services that have none of their own. */
  readonly nodeImage: string;
}

/** What each service of a system is, for a compose file that nobody has written by hand. */
export function definitionsOf(request: WholeRequest): Readonly<Record<string, Mapping>> {
  const { system } = request;
  return Object.fromEntries(Object.entries(system.services).map(([name, service]) => [name, definitionOf(request, name, service)]));
}

/** The same services as a project, each on the default network, each calling its callees directly. */
export function projectOf(system: System): ComposeProject {
  const services = Object.entries(system.services).map(([name, service]): readonly [string, ComposeService] => [
    name,
    {
      image: service.image ?? null,
      isBuilt: false,
      environment: { ...service.env, ...Object.fromEntries(callsOf(system, name).map((edge) => [edge.env, directAddress(system, edge)])) },
      networks: { default: [] },
      networkMode: null,
      containerName: null,
      ports: [],
      exposed: [service.port ?? USUAL_PORT],
      profiles: [],
      links: [],
      dependsOn: [],
      replicas: 1,
    },
  ]);
  return {
    name: system.name,
    services: Object.fromEntries(services),
    networks: { default: { name: 'default', isExternal: false, isInternal: false } },
    volumes: {},
    configs: {},
  };
}

function callsOf({ edges }: System, caller: string): readonly Edge[] {
  return edges.filter((edge) => edge.caller === caller);
}

function directAddress({ services }: System, { callee, url }: Edge): string {
  return url.replaceAll('{host}', callee).replaceAll('{port}', String(services[callee]?.port ?? USUAL_PORT));
}

function definitionOf({ system, projectFolder, nodeImage }: WholeRequest, name: string, service: Service): Mapping {
  const { backing, image, dockerfile, command, cwd, env = {}, port = USUAL_PORT, portEnv, resources } = service;
  const published = name === system.entry ? { ports: [publish(HOST_PORTS.entry, port)] } : {};
  const limits = {
    ...(resources?.cpus === undefined ? {} : { cpus: resources.cpus }),
    ...(resources?.memoryMb === undefined ? {} : { mem_limit: `${resources.memoryMb}m` }),
  };
  if (backing !== undefined) {
    const variables = { ...BACKING_ENV[backing.kind](backing), ...env };
    const environment = Object.keys(variables).length === 0 ? {} : { environment: mapping(variables) };
    return mapping({ image: image ?? null, ...published, ...environment, ...limits });
  }
  const isStock = image === undefined && dockerfile === undefined;
  const origin: Record<string, Node> =
    dockerfile === undefined ? { image: image ?? nodeImage } : { build: mapping({ context: projectFolder, dockerfile }) };
  return mapping({
    ...origin,
    ...(command.length === 0 ? {} : { command }),
    ...(isStock
      ? {
          working_dir: cwd === undefined ? APP_FOLDER : `${APP_FOLDER}/${cwd.replace(/^\.\//, '')}`,
          volumes: [mapping({ type: 'bind', source: projectFolder, target: APP_FOLDER, read_only: true })],
        }
      : {}),
    init: true,
    ...published,
    // Inside a container only this host lets others in; a service of an image of its own knows that.
    environment: mapping({ ...(isStock ? { HOST: '0.0.0.0' } : {}), ...env, [portEnv]: String(port) }),
    ...limits,
  });
}

/** How each kind of backing service learns what the system wants of it. */
const BACKING_ENV: Readonly<Record<Backing['kind'], (backing: Backing) => Readonly<Record<string, string>>>> = {
  postgres: ({ database = 'postgres', user = 'postgres', password = 'postgres' }) => ({
    POSTGRES_DB: database,
    POSTGRES_USER: user,
    POSTGRES_PASSWORD: password,
  }),
  redis: () => ({}),
  rabbitmq: () => ({}),
};
