import type { FaultReach } from '../../model/fault.ts';
import type { System } from '../../model/system.ts';

/** The reach of a fault on one edge, whatever its protocol; none if the system has no such edge. */
export function anyEdge(edge: string, system: System): FaultReach {
  return edgesWhere(system, (candidate) => candidate.name === edge);
}

/** The reach of a fault that speaks HTTP: none on an edge of another protocol. */
export function httpEdge(edge: string, system: System): FaultReach {
  return edgesWhere(system, (candidate) => candidate.name === edge && candidate.protocol === 'http');
}

/** The reach of a fault on a service as a process: its callers notice. */
export function callersOf(service: string, system: System): FaultReach {
  const edges = system.edges.filter((edge) => edge.callee === service).map((edge) => edge.name);
  return { edges, services: [service], bite: 'window' };
}

/** The reach of a fault that parts a service from the network: its callers notice, and so does it when it calls. */
export function callersAndCallees(service: string, system: System): FaultReach {
  const edges = system.edges.filter(({ caller, callee }) => caller === service || callee === service).map((edge) => edge.name);
  return { edges, services: [service], bite: 'window' };
}

function edgesWhere(system: System, matches: (edge: System['edges'][number]) => boolean): FaultReach {
  return { edges: system.edges.filter(matches).map((edge) => edge.name), services: [], bite: 'tap' };
}
