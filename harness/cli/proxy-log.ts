import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ProxyEvent } from '../run/proxy/server.ts';

/** The levels of Toxiproxy's log, with its numbers. */
const LEVELS: Readonly<Record<string, number>> = { trace: -1, debug: 0, info: 1, warn: 2, error: 3, fatal: 4, panic: 5, disabled: 7 };

/** A log of JSON lines on stderr until it is disposed of. */
export interface ProxyLog extends Disposable {
  write(level: ProxyEvent['level'], message: string, fields?: ProxyEvent['fields']): void;
}

/** Logs what goes over the channel; `wanted` is the least level (`LOG_LEVEL`). @default 'info' */
export function startProxyLog(channel: string, wanted: string | undefined): ProxyLog {
  const least =
    wanted === undefined || wanted === '' ? 1 : (LEVELS[wanted.toLowerCase()] ?? (/^-?\d+$/.test(wanted) ? Number(wanted) : undefined));
  const write: ProxyLog['write'] = (level, message, fields = {}) => {
    if ((LEVELS[level] ?? 0) < (least ?? 1)) return;
    const line = { level, ...fields, time: new Date().toISOString(), ...(message === '' ? {} : { message }) };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  };
  const onEvent = (event: unknown): void => {
    const { level, message, fields } = event as ProxyEvent;
    write(level, message, fields);
  };
  subscribe(channel, onEvent);
  if (least === undefined) write('error', `unknown LOG_LEVEL value: "${wanted}"`);
  return { write, [Symbol.dispose]: () => void unsubscribe(channel, onEvent) };
}
