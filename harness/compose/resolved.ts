/** What is read of a compose project as `docker compose config --format json` prints it: files merged, variables filled in. */
export interface ComposeProject {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, ComposeNetwork>>;
  readonly volumes: Readonly<Record<string, { readonly name: string; readonly isExternal: boolean }>>;
  /** Contents of configs that stand in the file itself. */
  readonly configs: Readonly<Record<string, string>>;
}

export interface ComposeService {
  /** Null where it is built and its image has no name. */
  readonly image: string | null;
  readonly isBuilt: boolean;
  readonly environment: Readonly<Record<string, string>>;
  /** Network → names that the service has there besides its own. */
  readonly networks: Readonly<Record<string, readonly string[]>>;
  /** `host`, `none`, `service:…`, `container:…`; null where the service has networks. */
  readonly networkMode: string | null;
  readonly containerName: string | null;
  readonly ports: readonly ComposePort[];
  /** Ports that it says others may use. */
  readonly exposed: readonly number[];
  readonly profiles: readonly string[];
  /** Service → name by which this one knows it. */
  readonly links: readonly (readonly [service: string, alias: string])[];
  readonly dependsOn: readonly string[];
  readonly replicas: number;
}

export interface ComposePort {
  readonly target: number;
  /** Port of the host; null where the engine chooses one. */
  readonly published: number | null;
  readonly hostIp: string | null;
  readonly protocol: string;
}

export interface ComposeNetwork {
  /** Its name at the engine. */
  readonly name: string;
  readonly isExternal: boolean;
  /** Without a way out: published ports do not work there. */
  readonly isInternal: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads what compose printed; fields that halfopen has no use for are left out. */
export function readComposeProject(json: string): ComposeProject {
  const project = JSON.parse(json) as Fields;
  return {
    name: textOf(project['name']) ?? '',
    services: mapped(project['services'], serviceOf),
    networks: mapped(project['networks'], (network, key) => ({
      name: textOf(network['name']) ?? key,
      isExternal: isExternal(network),
      isInternal: network['internal'] === true,
    })),
    volumes: mapped(project['volumes'], (volume, key) => ({ name: textOf(volume['name']) ?? key, isExternal: isExternal(volume) })),
    configs: Object.fromEntries(
      Object.entries(mapped(project['configs'], (config) => textOf(config['content']))).flatMap(([name, content]) =>
        content === null ? [] : [[name, content]],
      ),
    ),
  };
}

function serviceOf(service: Fields): ComposeService {
  const deploy = fieldsOf(service['deploy']);
  return {
    image: textOf(service['image']),
    isBuilt: service['build'] !== undefined && service['build'] !== null,
    // A variable without a value is handed on from whoever starts compose.
    environment: Object.fromEntries(Object.entries(fieldsOf(service['environment'])).map(([name, value]) => [name, textOf(value) ?? ''])),
    networks: Object.fromEntries(
      Object.entries(fieldsOf(service['networks'])).map(([name, network]) => [name, textsOf(fieldsOf(network)['aliases'])]),
    ),
    networkMode: textOf(service['network_mode']),
    containerName: textOf(service['container_name']),
    ports: listOf(service['ports']).map((port) => portOf(fieldsOf(port))),
    exposed: listOf(service['expose']).map((port) => Number.parseInt(String(port), 10)),
    profiles: textsOf(service['profiles']),
    links: textsOf(service['links']).map((link) => {
      const [name = link, alias = name] = link.split(':');
      return [name, alias] as const;
    }),
    dependsOn: Object.keys(fieldsOf(service['depends_on'])),
    replicas: numberOf(deploy['replicas']) ?? numberOf(service['scale']) ?? 1,
  };
}

function portOf(port: Fields): ComposePort {
  const published = Number.parseInt(textOf(port['published']) ?? '', 10);
  return {
    target: numberOf(port['target']) ?? 0,
    published: Number.isNaN(published) || published === 0 ? null : published,
    hostIp: textOf(port['host_ip']),
    protocol: textOf(port['protocol']) ?? 'tcp',
  };
}

function mapped<T>(value: unknown, read: (fields: Fields, key: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(fieldsOf(value)).map(([key, entry]) => [key, read(fieldsOf(entry), key)]));
}

function isExternal({ external }: Fields): boolean {
  return external === true || (typeof external === 'object' && external !== null);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function textsOf(value: unknown): readonly string[] {
  return listOf(value).map(String);
}

/** Compose prints a `$` as it would have to be written again: doubled. */
function textOf(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' ? value.replaceAll('$$', '$') : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
