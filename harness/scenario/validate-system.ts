import type { Catalogue } from '../model/catalogue.ts';
import { nearest, type Problem } from '../model/problem.ts';
import { shapeProblems, show, type Names, type Shape } from '../model/shape.ts';
import {
  NO_NAMES,
  duplicateProblems,
  fieldPath,
  isRecord,
  nameProblems,
  rowOf,
  unknownFieldProblems,
  unknownName,
  type Unknowns,
} from './validate-data.ts';

const CONTAINER_FIELDS = ['image', 'dockerfile', 'files', 'resources', 'backing', 'port'];
const SERVICE_FIELDS = ['command', 'cwd', 'env', ...CONTAINER_FIELDS, 'portEnv', 'ready', 'readyWithinMs'];
const CALL_FIELDS = ['env', 'url', 'protocol', 'observe'];
const POINTER_FIELDS = ['value', 'version', 'age'];
/** Taken by the harness: the load's and the sentinel's own edge is `load->sentinel`. */
const RESERVED_SERVICES = ['load', 'sentinel'];
// Single separators between letters and digits: a service's name is part of host names, and `--` stands for `->` in proxies' names.
const SERVICE_NAME = /^(?=.{1,63}$)[a-z0-9]+(?:[-_.][a-z0-9]+)*$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function serviceNameProblems(name: string, path: string): Problem[] {
  if (RESERVED_SERVICES.includes(name)) {
    return [{ path, expected: `a name other than ${RESERVED_SERVICES.join(', ')}`, found: `the reserved name '${name}'` }];
  }
  const expected = "a name of at most 63 lower-case letters and digits, with single '-', '_' or '.' between them";
  return SERVICE_NAME.test(name) ? [] : [{ path, expected, found: show(name) }];
}

/** Problems of one service, apart from its `calls`. */
export function serviceProblems(service: unknown, path: string, further: readonly string[] = []): Problem[] {
  if (!isRecord(service)) return [{ path, expected: 'a service', found: show(service) }];
  const { env, port, ready, readyWithinMs, portEnv } = service;
  const problems = unknownFieldProblems(service, [...SERVICE_FIELDS, ...further], path);
  problems.push(...commandProblems(service, path), ...containerProblems(service, path));
  if (env !== undefined && !isRecord(env))
    problems.push({ path: `${path}.env`, expected: 'variables with their values', found: show(env) });
  if (isRecord(env)) {
    for (const [name, value] of Object.entries(env)) {
      if (!VARIABLE.test(name))
        problems.push({ path: fieldPath(`${path}.env`, name), expected: 'the name of a variable', found: show(name) });
      if (typeof value !== 'string') problems.push({ path: fieldPath(`${path}.env`, name), expected: 'a text', found: show(value) });
    }
  }
  const texts = ['cwd', 'image', 'dockerfile'].filter((key) => service[key] !== undefined && typeof service[key] !== 'string');
  problems.push(...texts.map((key) => ({ path: `${path}.${key}`, expected: 'a text', found: show(service[key]) })));
  if (port !== undefined && !(Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536)) {
    problems.push({ path: `${path}.port`, expected: 'a port from 1 to 65535', found: show(port) });
  }
  if (ready !== undefined && !(typeof ready === 'string' && ready.startsWith('/'))) {
    problems.push({ path: `${path}.ready`, expected: "a path that begins with '/'", found: show(ready) });
  }
  if (readyWithinMs !== undefined && !(typeof readyWithinMs === 'number' && Number.isFinite(readyWithinMs) && readyWithinMs > 0)) {
    problems.push({ path: `${path}.readyWithinMs`, expected: 'more than 0 ms', found: show(readyWithinMs) });
  }
  if (portEnv !== undefined) problems.push(...variableProblems(portEnv, `${path}.portEnv`));
  return problems;
}

function commandProblems({ command, image, dockerfile, backing }: Unknowns, path: string): Problem[] {
  const bringsItsOwn = [image, dockerfile, backing].some((place) => place !== undefined);
  if (bringsItsOwn && (command === undefined || (Array.isArray(command) && command.length === 0))) return [];
  if (Array.isArray(command) && command.length > 0 && command.every((part) => typeof part === 'string') && command[0] !== '') return [];
  return [{ path: `${path}.command`, expected: 'a program and its arguments as a list of texts', found: show(command) }];
}

const RESOURCES: Shape = {
  cpus: { type: 'number', min: 0.01, max: 1024, optional: true },
  memoryMb: { type: 'number', min: 6, unit: 'MiB', optional: true },
};

const BACKING: Shape = {
  kind: { type: 'choice', of: ['postgres', 'redis', 'rabbitmq'] },
  database: { type: 'string', optional: true },
  user: { type: 'string', optional: true },
  password: { type: 'string', optional: true },
};

/** Problems of what only environments with containers read. */
function containerProblems({ image, dockerfile, files, resources, backing }: Unknowns, path: string): Problem[] {
  const problems: Problem[] = [];
  if (image !== undefined && dockerfile !== undefined)
    problems.push({ path: `${path}.dockerfile`, expected: 'nothing beside an image', found: show(dockerfile) });
  const isPath = (file: unknown): boolean =>
    typeof file === 'string' && file !== '' && !file.startsWith('/') && !file.split('/').includes('..');
  if (files !== undefined && !(Array.isArray(files) && files.length > 0 && files.every(isPath)))
    problems.push({ path: `${path}.files`, expected: "a list of paths inside the configuration's folder", found: show(files) });
  if (resources !== undefined) problems.push(...shapeProblems(resources, RESOURCES, NO_NAMES, `${path}.resources`));
  if (backing !== undefined) problems.push(...shapeProblems(backing, BACKING, NO_NAMES, `${path}.backing`));
  return problems;
}

function variableProblems(name: unknown, path: string): Problem[] {
  return typeof name === 'string' && VARIABLE.test(name)
    ? []
    : [{ path, expected: 'the name of an environment variable', found: show(name) }];
}

/** Problems of how one service reaches another. */
export function callProblems(call: Unknowns, path: string, further: readonly string[] = []): Problem[] {
  const problems = unknownFieldProblems(call, [...CALL_FIELDS, ...further], path);
  problems.push(...variableProblems(call['env'], `${path}.env`));
  const { url, protocol, observe } = call;
  if (url !== undefined && !(typeof url === 'string' && url.includes('{host}') && url.includes('{port}'))) {
    problems.push({ path: `${path}.url`, expected: "an address with '{host}' and '{port}'", found: show(url) });
  }
  if (protocol !== undefined && protocol !== 'http' && protocol !== 'tcp') {
    problems.push({ path: `${path}.protocol`, expected: "'http' or 'tcp'", found: show(protocol) });
  }
  if (observe !== undefined) problems.push(...observeProblems(observe, `${path}.observe`));
  return problems;
}

/** Problems of the JSON pointers with which answers are read. */
export function observeProblems(observe: unknown, path: string): Problem[] {
  if (!isRecord(observe)) return [{ path, expected: 'JSON pointers', found: show(observe) }];
  const isPointer = (pointer: unknown): boolean => typeof pointer === 'string' && /^(?:\/(?:[^~/]|~[01])*)*$/.test(pointer);
  const { degraded } = observe;
  const markers: readonly unknown[] = degraded === undefined ? [] : Array.isArray(degraded) ? degraded : [degraded];
  const pointers = POINTER_FIELDS.filter((key) => observe[key] !== undefined).map((key) => [key, observe[key]] as const);
  return [
    ...unknownFieldProblems(observe, ['degraded', ...POINTER_FIELDS], path),
    ...[...markers.map((marker) => ['degraded', marker] as const), ...pointers]
      .filter(([, pointer]) => !isPointer(pointer))
      .map(([key, pointer]) => ({ path: `${path}.${key}`, expected: "a JSON pointer such as '/fee/amount'", found: show(pointer) })),
  ];
}

/** Variables that two calls of one service (or a call and its port) would both set. */
export function variableClashes(variables: readonly { readonly name: unknown; readonly path: string }[]): Problem[] {
  return duplicateProblems(
    variables.map(({ name }) => name),
    (index) => variables[index]?.path ?? '',
    'variable',
  );
}

/** Problems of one breaker; `catalogue` is absent while a system is declared and the probes' table is out of reach. */
export function breakerProblems(breaker: unknown, path: string, names: Pick<Names, 'service' | 'edge'>, catalogue?: Catalogue): Problem[] {
  if (!isRecord(breaker)) return [{ path, expected: 'a breaker with its service, edge and probe', found: show(breaker) }];
  const { service, edge, probe } = breaker;
  const problems = unknownFieldProblems(breaker, ['service', 'edge', 'probe'], path);
  if (!names.service.includes(String(service))) problems.push(unknownName(service, names.service, `${path}.service`));
  if (!names.edge.includes(String(edge))) problems.push(unknownName(edge, names.edge, `${path}.edge`));
  else if (!String(edge).startsWith(`${String(service)}->`)) {
    const near = nearest(
      String(edge),
      names.edge.filter((name) => name.startsWith(`${String(service)}->`)),
    );
    problems.push({
      path: `${path}.edge`,
      expected: `an edge that begins at the breaker's service '${String(service)}'`,
      found: show(edge),
      ...(near === undefined ? {} : { hint: `did you mean '${near}'?` }),
    });
  }
  if (!isRecord(probe)) problems.push({ path: `${path}.probe`, expected: 'a probe such as stdoutEvents()', found: show(probe) });
  else if (catalogue !== undefined) {
    const found = rowOf(catalogue.probes, probe['kind'], `${path}.probe.kind`);
    problems.push(
      ...('problem' in found
        ? [found.problem]
        : shapeProblems(probe, found.row.schema, { ...NO_NAMES, ...names }, `${path}.probe`, ['kind'])),
    );
  }
  return problems;
}

/** Problems of a system as data, as `defineSystem` returns it or a file holds it. */
export function systemProblems(system: unknown, catalogue: Catalogue, path = 'system'): Problem[] {
  if (!isRecord(system)) return [{ path, expected: 'a system made by defineSystem', found: show(system) }];
  const services = isRecord(system['services']) ? system['services'] : {};
  const edges: readonly unknown[] = Array.isArray(system['edges']) ? system['edges'] : [];
  const breakers = isRecord(system['breakers']) ? system['breakers'] : {};
  const serviceNames = Object.keys(services);
  const edgeNames = edges.map((edge) => (isRecord(edge) && typeof edge['name'] === 'string' ? edge['name'] : ''));
  const problems = unknownFieldProblems(system, ['name', 'entry', 'services', 'edges', 'breakers'], path);
  problems.push(...nameProblems(system['name'], `${path}.name`));
  if (serviceNames.length === 0)
    problems.push({ path: `${path}.services`, expected: 'at least one service', found: show(system['services']) });
  if (!Array.isArray(system['edges'])) problems.push({ path: `${path}.edges`, expected: 'a list of edges', found: show(system['edges']) });
  if (!isRecord(system['breakers']))
    problems.push({ path: `${path}.breakers`, expected: 'breakers by name', found: show(system['breakers']) });
  if (!serviceNames.includes(String(system['entry']))) problems.push(unknownName(system['entry'], serviceNames, `${path}.entry`));
  for (const [name, service] of Object.entries(services)) {
    const servicePath = fieldPath(`${path}.services`, name);
    problems.push(...serviceNameProblems(name, servicePath), ...serviceProblems(service, servicePath));
    if (isRecord(service)) problems.push(...missingServiceFields(service, servicePath));
  }
  problems.push(...edges.flatMap((edge, index) => edgeProblems(edge, `${path}.edges[${index}]`, serviceNames)));
  problems.push(...duplicateProblems(edgeNames, (index) => `${path}.edges[${index}].name`, 'name'));
  problems.push(...callerClashes(services, edges, path));
  for (const [name, breaker] of Object.entries(breakers)) {
    const breakerPath = fieldPath(`${path}.breakers`, name);
    problems.push(
      ...nameProblems(name, breakerPath),
      ...breakerProblems(breaker, breakerPath, { service: serviceNames, edge: edgeNames }, catalogue),
    );
  }
  return problems;
}

function missingServiceFields(service: Unknowns, path: string): Problem[] {
  return ['portEnv', 'readyWithinMs']
    .filter((key) => service[key] === undefined)
    .map((key) => ({ path: `${path}.${key}`, expected: 'a value', found: 'nothing', hint: 'defineSystem fills it in' }));
}

function edgeProblems(edge: unknown, path: string, services: readonly string[]): Problem[] {
  if (!isRecord(edge)) return [{ path, expected: 'an edge', found: show(edge) }];
  const problems = callProblems(edge, path, ['name', 'caller', 'callee']);
  for (const key of ['caller', 'callee']) {
    if (!services.includes(String(edge[key]))) problems.push(unknownName(edge[key], services, `${path}.${key}`));
  }
  for (const key of ['url', 'protocol']) {
    if (edge[key] === undefined)
      problems.push({ path: `${path}.${key}`, expected: 'a value', found: 'nothing', hint: 'defineSystem fills it in' });
  }
  const name = `${String(edge['caller'])}->${String(edge['callee'])}`;
  if (edge['name'] !== name) problems.push({ path: `${path}.name`, expected: `'${name}'`, found: show(edge['name']) });
  return problems;
}

function callerClashes(services: Unknowns, edges: readonly unknown[], path: string): Problem[] {
  return Object.entries(services).flatMap(([name, service]) => {
    const own = edges.flatMap((edge, index) =>
      isRecord(edge) && edge['caller'] === name ? [{ name: edge['env'], path: `${path}.edges[${index}].env` }] : [],
    );
    const portEnv = isRecord(service) ? service['portEnv'] : undefined;
    return variableClashes([{ name: portEnv, path: `${fieldPath(`${path}.services`, name)}.portEnv` }, ...own]);
  });
}
