/**
 * The sentinel's echo service: answers `{}` at once, so that whatever its latency shows was added by the machine. It
 * runs in a process of its own, like the services that it stands beside.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    'parent-stdin': { type: 'boolean', default: false },
  },
});

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 });
  response.end('{}');
});

server.listen(Number(values.port), values.host, () => {
  const { address, port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ halfopen: 'sentinel', host: address, port })}\n`);
});

if (values['parent-stdin']) {
  // Its supervisor is gone when its stdin closes.
  process.stdin.once('end', () => process.exit());
  process.stdin.once('error', () => process.exit());
  process.stdin.resume();
}
// As the first process of a container it would ignore these otherwise.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit());
