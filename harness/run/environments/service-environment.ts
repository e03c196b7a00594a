import { dirname, resolve } from 'node:path';
import type { Plan } from '../../model/plan.ts';
import type { Service } from '../../model/system.ts';
import type { Address } from './contract.ts';
import { RUN_MARKER } from './supervisor-protocol.ts';

/** What a service gets of the harness's own environment: enough to find programs, too little to behave differently in CI. */
const INHERITED = ['HOME', 'USER', 'LOGNAME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'] as const;

export interface EnvironmentParts {
  readonly plan: Pick<Plan, 'system' | 'overrides'>;
  readonly service: string;
  readonly port: number;
  /** Edge → the address at which the caller reaches it: the proxy's. */
  readonly edges: ReadonlyMap<string, Address>;
  readonly runId: string;
}

/** The variables that one service is started with. */
export function serviceEnvironment({ plan, service, port, edges, runId }: EnvironmentParts): Readonly<Record<string, string>> {
  return { ...baseEnvironment(runId), ...ownEnvironment({ plan, service, port, edges }), [RUN_MARKER]: runId };
}

/** What a container's service is started with, besides what its image sets: it has to listen on all interfaces there. */
export function containerEnvironment(parts: Omit<EnvironmentParts, 'runId'>): Readonly<Record<string, string>> {
  return { HOST: '0.0.0.0', ...ownEnvironment(parts) };
}

/** What the service declares, what `--set` changes, its port, and where its callees are. */
function ownEnvironment({ plan, service, port, edges }: Omit<EnvironmentParts, 'runId'>): Readonly<Record<string, string>> {
  const declared = declarationOf(plan, service);
  const calls: Record<string, string> = {};
  for (const edge of plan.system.edges) {
    const address = edges.get(edge.name);
    if (edge.caller === service && address !== undefined) calls[edge.env] = addressIn(edge.url, address);
  }
  return { ...declared.env, ...plan.overrides[service], [declared.portEnv]: String(port), ...calls };
}

/** The variables that each process of a run has. */
export function baseEnvironment(runId: string): Readonly<Record<string, string>> {
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  // A script's own `node` must be this one: the machine's may be too old.
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].filter((part) => part !== '').join(':');
  return { ...Object.fromEntries(inherited), PATH: path, [RUN_MARKER]: runId };
}

/** A URL template with its address filled in. */
export function addressIn(template: string, { host, port }: Address): string {
  return template.replaceAll('{host}', host).replaceAll('{port}', String(port));
}

/** Program, arguments and folder of a service. */
export function launchOf({ command, cwd }: Service, projectFolder: string): { readonly command: readonly string[]; readonly cwd: string } {
  const [program = '', ...args] = command;
  return { command: [program === 'node' ? process.execPath : program, ...args], cwd: resolve(projectFolder, cwd ?? '.') };
}

export function declarationOf(plan: Pick<Plan, 'system'>, service: string): Service {
  const declared = plan.system.services[service];
  if (declared !== undefined) return declared;
  throw new RangeError(
    `Cannot act on a service as 'service' must be one of ${Object.keys(plan.system.services).join(', ')}: current value is '${service}'`,
  );
}
