import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Address } from './contract.ts';

/** How often a service that starts is asked, and how long one answer may take, in milliseconds. */
const POLL_MS = 50;
const ANSWER_MS = 1000;

export interface Awaited {
  readonly address: Address;
  /** Path that answers 200; without one, an accepted connection counts. */
  readonly path: string | undefined;
  readonly withinMs: number;
  /** The connection is accepted by a forwarder, which closes it when nobody listens behind it. */
  readonly isForwarded?: true;
  /** Ends the wait: the service has exited, or the run is being stopped. */
  readonly signal: AbortSignal;
}

/** Resolves to undefined once the service is ready, or to what it did last in place of it; rejects when the signal aborts. */
export async function untilReady({ address, path, withinMs, signal, isForwarded }: Awaited): Promise<string | undefined> {
  const deadline = performance.now() + withinMs;
  let answer = 'it was not asked';
  while (performance.now() < deadline) {
    signal.throwIfAborted();
    const asked =
      path === undefined ? tryConnection(address, signal, isForwarded === true ? STAYS_OPEN_MS : 0) : tryRequest(address, path, signal);
    answer = await asked;
    if (answer === READY) return undefined;
    await delay(POLL_MS, undefined, { signal });
  }
  return answer;
}

const READY = 'ready';

function tryRequest({ host, port }: Address, path: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const asked = request({ host, port, path, signal, agent: false, timeout: ANSWER_MS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? READY : `${path} answered ${answer.statusCode}`);
    });
    asked.once('timeout', () => asked.destroy(new Error(`${path} did not answer within ${ANSWER_MS} ms`)));
    asked.once('error', (error) => resolve(error.message));
    asked.end();
  });
}

/** How long a forwarder may take to find nobody behind it, in milliseconds. */
const STAYS_OPEN_MS = 100;

function tryConnection({ host, port }: Address, signal: AbortSignal, staysOpenMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal, timeout: ANSWER_MS });
    const settle = (answer: string): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => {
      if (staysOpenMs === 0) settle(READY);
      else setTimeout(() => settle(READY), staysOpenMs);
    });
    socket.once('close', () => settle('the connection was accepted and closed'));
    // What it says does not matter; unread, its end would not be seen.
    socket.resume();
    socket.once('timeout', () => settle(`no connection within ${ANSWER_MS} ms`));
    socket.once('error', (error) => settle(error.message));
  });
}
