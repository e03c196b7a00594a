import { channel } from 'node:diagnostics_channel';

/** Something that the control API did, with the words of Toxiproxy's log. */
export interface ProxyEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Name of the diagnostics channel that carries `ProxyEvent`s: whoever wants a log subscribes, and nobody else pays for one. */
export const PROXY_EVENTS = 'halfopen.proxy';

const events = channel(PROXY_EVENTS);

export function tell(level: ProxyEvent['level'], message: string, fields: ProxyEvent['fields'] = {}): void {
  if (events.hasSubscribers) events.publish({ level, message, fields } satisfies ProxyEvent);
}
