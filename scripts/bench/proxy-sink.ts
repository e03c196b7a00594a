/**
 * What stands behind the proxies, in a process of its own: one port that echoes, one that sends as many bytes as the first line
 * asks for, and one that does both over HTTP.
 */
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { answerQuestions } from './child.ts';

export interface SinkPorts {
  readonly echo: number;
  readonly source: number;
  readonly http: number;
}

const CHUNK = Buffer.alloc(64 * 1024, 'x');

const echo = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
const source = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.on('data', (line) => pour(socket, Number(line.toString('latin1'))));
});
const web = createHttpServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  request.resume();
  const bytes = Number(/^\/bulk\/(\d+)$/.exec(request.url ?? '')?.[1] ?? 64);
  response.sendDate = false;
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  pour(response, bytes);
  response.on('close', () => response.destroy());
  request.on('error', () => response.destroy());
});

/** Writes that many bytes, as fast as they are taken. A response is ended, a socket is kept. */
function pour(target: Socket | ServerResponse, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const part = left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
      left -= part.length;
      if (!target.write(part) && left > 0) {
        target.once('drain', more);
        return;
      }
    }
    if ('writeHead' in target) target.end();
  };
  more();
}

const portOf = async (server: Pick<Server, 'listen' | 'address'>): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
const ports: SinkPorts = { echo: await portOf(echo), source: await portOf(source), http: await portOf(web) };

answerQuestions<'ports', SinkPorts>(() => ports);
