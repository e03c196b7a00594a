/**
 * A service whose recovery is planted. `front` hands every call on to `back`; once it has met a failure, the first success
 * fixes the moment `PLANTED_MS` later, until which it goes on answering 503. It writes that moment to `PLANTED_FILE`.
 */
import { writeFileSync } from 'node:fs';
import { Agent, createServer, get, type ServerResponse } from 'node:http';

const backUrl = process.env['BACK_URL'];
const plantedMs = BigInt(process.env['PLANTED_MS'] ?? '0');
const plantedFile = process.env['PLANTED_FILE'];
const agent = new Agent({ keepAlive: true });

let hasFailed = false;
let servesFromNs: bigint | null = null;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  if (request.url === '/readyz' || backUrl === undefined) return send(response, 200);
  const headers = { traceparent: request.headers['traceparent'] ?? '' };
  get(`${backUrl}${request.url}`, { agent, headers }, (answer) => {
    answer.resume();
    answer.on('end', () => send(response, statusFor(answer.statusCode ?? 500)));
  }).on('error', () => send(response, statusFor(502)));
});

function statusFor(status: number): number {
  if (status >= 500) {
    hasFailed = true;
    return 503;
  }
  if (!hasFailed) return status;
  servesFromNs ??= plant();
  return process.hrtime.bigint() < servesFromNs ? 503 : status;
}

function plant(): bigint {
  const momentNs = process.hrtime.bigint() + plantedMs * 1_000_000n;
  if (plantedFile !== undefined) writeFileSync(plantedFile, String(momentNs));
  return momentNs;
}

function send(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': 2 });
  response.end('{}');
}

server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1');
process.once('SIGTERM', () => process.exit(0));
