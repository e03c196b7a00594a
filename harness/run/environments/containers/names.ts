import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { UsageError, type Problem } from '../../../model/problem.ts';
import { RELAY, SENTINEL, TOXIPROXY } from '../../../compose/own-services.ts';

/** Longest label of a host name (RFC 1035); names in a run's network are looked up by DNS, containers' own included. */
const LABEL_MAX = 63;
/** Names that mean something else in a run's network. */
const TAKEN = [RELAY, TOXIPROXY, SENTINEL, 'localhost'];

/** Name of a run's network. */
export function networkName(runId: string): string {
  return `halfopen-${runId}`;
}

/** Name of a container of a run. One that is too long for a host name loses its end and gets a mark of the whole in its place. */
export function containerName(runId: string, service: string): string {
  const name = `halfopen-${runId}-${service}`;
  if (name.length <= LABEL_MAX) return name;
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, LABEL_MAX - mark.length - 1).replace(/[-_.]+$/, '')}-${mark}`;
}

/**
 * Holds services' names against what can be looked up in a container network and stand in a URL.
 *
 * @throws {UsageError} with every name that cannot
 */
export function demandHostNames(services: readonly string[]): void {
  const problems = services.flatMap((service) => problemOf(service) ?? []);
  if (problems.length > 0) throw new UsageError('Cannot start services as containers under these names:', problems);
}

function problemOf(service: string): Problem | null {
  const path = /^[\w-]+$/.test(service) ? `services.${service}` : `services[${JSON.stringify(service)}]`;
  const problem = (expected: string, found = `'${service}'`): Problem => ({ path, expected, found });
  if (TAKEN.includes(service)) return problem(`a name other than ${TAKEN.join(', ')}`);
  const longest = Math.max(...service.split('.').map(({ length }) => length));
  if (longest > LABEL_MAX) return problem(`a host name, with at most ${LABEL_MAX} characters between dots`, `${longest} characters`);
  // DNS does not care for case and Docker does: two names that differ in it would be one host.
  if (!/^[a-z0-9]+(?:[-_.]+[a-z0-9]+)*$/.test(service))
    return problem("a host name: lower-case letters and digits, with '-', '_' or '.' between them");
  return standsInUrl(service) ? null : problem('a host name that no URL takes for a number');
}

/** `10.0.0.1` and `db.7` are addresses to a URL, and never looked up. */
function standsInUrl(name: string): boolean {
  return isIP(name) === 0 && URL.canParse(`http://${name}:1`) && new URL(`http://${name}:1`).hostname === name;
}
