/** Loaded into a proxy: it never lets go of a caller's connection again. Shows that a leak would be seen. */
import { subscribe } from 'node:diagnostics_channel';

const kept: unknown[] = [];

subscribe('net.server.socket', (message) => kept.push(message));
