/** What stands before the proxies, in a process of its own: one connection, closed loop, raw sockets for TCP and HTTP alike. */
import { connect, type Socket } from 'node:net';
import { answerQuestions } from './child.ts';

export type Question =
  /** Sends 64 bytes and waits for 64 back, so many times; answers the median in microseconds. */
  | { readonly kind: 'ping'; readonly over: 'tcp' | 'http'; readonly port: number; readonly count: number }
  /** Receives so many bytes on one connection; answers megabytes a second. */
  | { readonly kind: 'bulk'; readonly over: 'tcp' | 'http'; readonly port: number; readonly bytes: number };

const PAYLOAD = 'x'.repeat(64);
const WARM_UP = 200;
/** A connection that brings nothing for so long is given up, in milliseconds. */
const STALLED_MS = 10_000;

answerQuestions<Question, number>(async (question) => {
  const socket = connect({ host: '127.0.0.1', port: question.port, noDelay: true });
  socket.setTimeout(STALLED_MS, () => socket.destroy(new Error(`nothing came for ${STALLED_MS} ms`)));
  const failed = new Promise<never>((_, reject) => socket.once('error', reject));
  const answer = question.kind === 'ping' ? ping(socket, question) : bulk(socket, question);
  try {
    return await Promise.race([answer, failed]);
  } finally {
    socket.destroy();
  }
});

function requestOf(method: string, path: string, body: string): string {
  return `${method} ${path} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

async function ping(socket: Socket, { over, count }: Extract<Question, { kind: 'ping' }>): Promise<number> {
  const message = Buffer.from(over === 'tcp' ? PAYLOAD : requestOf('POST', '/ping', PAYLOAD));
  const lengthsUs = new Float64Array(count);
  for (let turn = -WARM_UP; turn < count; turn++) {
    const answered = wholeAnswer(socket, over, PAYLOAD.length);
    const sentMs = performance.now();
    socket.write(message);
    await answered;
    if (turn >= 0) lengthsUs[turn] = (performance.now() - sentMs) * 1000;
  }
  return lengthsUs.toSorted()[Math.floor(count / 2)] ?? Number.NaN;
}

async function bulk(socket: Socket, { over, bytes }: Extract<Question, { kind: 'bulk' }>): Promise<number> {
  const answered = wholeAnswer(socket, over, bytes);
  const sentMs = performance.now();
  socket.write(over === 'tcp' ? String(bytes) : requestOf('GET', `/bulk/${bytes}`, ''));
  await answered;
  return bytes / 1e6 / ((performance.now() - sentMs) / 1000);
}

/** Resolves with the last byte of one answer: so many bytes, behind a head where it is HTTP. */
function wholeAnswer(socket: Socket, over: 'tcp' | 'http', bodyBytes: number): Promise<void> {
  return new Promise((resolve) => {
    let left = over === 'tcp' ? bodyBytes : Infinity;
    const onData = (chunk: Buffer): void => {
      if (left === Infinity) left = bodyBytes + chunk.indexOf('\r\n\r\n') + 4;
      left -= chunk.length;
      if (left > 0) return;
      socket.off('data', onData);
      resolve();
    };
    socket.on('data', onData);
  });
}
