/** Names of what halfopen adds to a compose project; no service of a user may have one of them. */
export const RELAY = 'halfopen-relay';
export const TOXIPROXY = 'halfopen-toxiproxy';
export const SENTINEL = 'halfopen-sentinel';
export const OWN_SERVICES: readonly string[] = [RELAY, TOXIPROXY, SENTINEL];

/** The network that these three share. */
export const OWN_NETWORK = 'halfopen';

/** Control port of relay and Toxiproxy, inside their containers. */
export const CONTROL_PORT = 8474;
/** Where the sentinel answers inside its container, and the edge that leads there; no fault can name it. */
export const SENTINEL_PORT = 8080;
export const SENTINEL_EDGE = 'load->sentinel';
/** Port of the sentinel's edge at relay and Toxiproxy; those of the system's edges follow in their order. */
export const SENTINEL_EDGE_PORT = 20_000;

/** Where the two proxies find what they begin with. */
export const RELAY_CONFIG = '/etc/halfopen/relay.json';
export const TOXIPROXY_CONFIG = '/etc/halfopen/toxiproxy.json';
/** Where halfopen's own code is mounted. */
export const CODE_FOLDER = '/halfopen';

/** Variables that choose the ports of this machine, with the ports that are taken unless they are set. */
export const HOST_PORTS = {
  toxiproxy: { variable: 'HALFOPEN_TOXIPROXY_PORT', port: 8474 },
  relay: { variable: 'HALFOPEN_RELAY_PORT', port: 8475 },
  sentinel: { variable: 'HALFOPEN_SENTINEL_PORT', port: 8476 },
  entry: { variable: 'HALFOPEN_ENTRY_PORT', port: 8080 },
} as const;

/** How the first line of a file that `halfopen compose` wrote begins. */
export const MARK = '# Written by `halfopen compose`';
