import { connect } from 'node:net';
import type { Address } from '../contract.ts';

/** How long one answer may take, in milliseconds. */
const ANSWER_MS = 1000;
const ANSWER_BYTES_MAX = 16 * 1024;

/** What a service's first answer means: it can serve, not yet, or more bytes are needed to tell. */
export type Reading = { readonly isReady: boolean; readonly said: string } | 'incomplete';

/** The start of a conversation in a service's own protocol, and how its answer is read. */
export interface Greeting {
  readonly hello: Buffer;
  read(answer: Buffer): Reading;
}

export interface Answered {
  readonly isReady: boolean;
  /** What it said, or what became of the connection. */
  readonly said: string;
}

/** Asks once. A port that a container publishes accepts connections before anybody listens inside: only an answer counts. */
export function ask({ host, port }: Address, { hello, read }: Greeting, signal: AbortSignal): Promise<Answered> {
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0);
    const socket = connect({ host, port, signal, timeout: ANSWER_MS });
    const settle = (isReady: boolean, said: string): void => {
      socket.destroy();
      resolve({ isReady, said });
    };
    socket.once('connect', () => socket.write(hello));
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      const reading = read(answer);
      if (reading !== 'incomplete') settle(reading.isReady, reading.said);
      else if (answer.length > ANSWER_BYTES_MAX) settle(false, 'an answer without end');
    });
    socket.once('timeout', () => settle(false, `no answer within ${ANSWER_MS} ms`));
    socket.once('end', () => settle(false, 'the connection was closed without an answer'));
    socket.once('error', (error) => settle(false, error.message));
  });
}
