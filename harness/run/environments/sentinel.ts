/**
 * The sentinel's echo service: answers `{}` at once, so that whatever its latency shows was added by the machine. It
 * runs in a process of its own, like the services that it stands beside.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 });
  response.end('{}');
});

server.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ halfopen: 'sentinel', host: address, port })}\n`);
});

// Its supervisor is gone when its stdin closes.
process.stdin.once('end', () => process.exit());
process.stdin.once('error', () => process.exit());
process.stdin.resume();
