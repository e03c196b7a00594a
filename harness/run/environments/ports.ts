import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { HarnessError } from '../../model/problem.ts';

/** Ports that this process has given out: two systems that come up side by side must not get the same. */
const given = new Set<number>();
const ATTEMPTS = 200;
const LOWEST = 20_000;
const HIGHEST = 65_535;
/** Where the kernel takes ports for outgoing connections unless it says otherwise. */
const USUAL_EPHEMERAL = { from: 32_768, to: 60_999 };

/**
 * A free loopback port outside the range from which the kernel takes ports for outgoing connections. Inside that range
 * a killed service could not come back: a caller that keeps dialling its dead port may be given that very port, and
 * even connect to itself.
 *
 * @throws {HarnessError} if none is found
 */
export async function reservePort(): Promise<number> {
  const ephemeral = await ephemeralRange();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (given.has(port) || (port >= ephemeral.from && port <= ephemeral.to)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new HarnessError(
    `Cannot start the services as no free port was found on 127.0.0.1 outside ${ephemeral.from}–${ephemeral.to} (way out: net.ipv4.ip_local_port_range)`,
  );
}

async function ephemeralRange(): Promise<{ readonly from: number; readonly to: number }> {
  if (process.platform !== 'linux') return { from: 49_152, to: HIGHEST };
  const [from = Number.NaN, to = Number.NaN] = (await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'))
    .trim()
    .split(/\s+/)
    .map(Number);
  // A machine that gives nearly all its ports to connections leaves no better choice than the usual range.
  const leavesRoom = from - LOWEST + (HIGHEST - to) >= 1000;
  return leavesRoom ? { from, to } : USUAL_EPHEMERAL;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    // All interfaces: a service is free to listen on any of them.
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
