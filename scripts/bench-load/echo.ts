/**
 * A server in a process of its own that takes a known time for each answer, says in it how long it really took, and remembers when each
 * request came.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monotonicUs } from '../../harness/run/clock.ts';
import { answerQuestions } from '../bench/child.ts';

const HANDLER_MS = 5;

export type EchoQuestion = 'address' | 'arrivals';
export type EchoAnswer = { readonly host: string; readonly port: number } | Float64Array;

let arrivalsUs: number[] = [];

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const cameUs = monotonicUs();
  // A driver's warm-up asks other paths.
  if (request.url?.startsWith('/ping') === true) arrivalsUs.push(cameUs);
  request.resume();
  setTimeout(() => {
    const handledUs = monotonicUs() - cameUs;
    const body = JSON.stringify({ handledUs });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length, 'x-handled-us': handledUs });
    response.end(body);
  }, HANDLER_MS);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

answerQuestions<EchoQuestion, EchoAnswer>((question) => {
  if (question === 'address') {
    const { address, port } = server.address() as AddressInfo;
    return { host: address, port };
  }
  const taken = Float64Array.from(arrivalsUs);
  arrivalsUs = [];
  return taken;
});
