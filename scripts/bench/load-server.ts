/** A cheap HTTP server in a process of its own: answers `{}` to everything. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from './child.ts';

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 });
  response.end('{}');
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

answerQuestions<'address', { readonly host: string; readonly port: number }>(() => {
  const { address, port } = server.address() as AddressInfo;
  return { host: address, port };
});
