import { Socket } from 'node:net';

/** Where a socket's bytes are read to, and what is told of them; as `onread` of `net.connect`. */
export interface OnRead {
  readonly buffer: () => Buffer;
  readonly callback: (read: number, buffer: Buffer) => boolean;
}

/** What Node keeps of a socket and its types do not tell. */
interface Internals {
  _handle: object | null;
  _server: unknown;
}

/**
 * An accepted socket that reads into memory of our choice. Node offers that for sockets that connect, and nothing for those that it
 * accepts: so a new socket takes over the handle of the one that was accepted (paused, by a server with `pauseOnConnect`).
 */
export function adopt(accepted: Socket, onread: OnRead): Socket {
  const internals = accepted as unknown as Internals;
  const { _handle: handle, _server: server } = internals;
  if (handle === null || handle === undefined) {
    // The caller is gone already, or this Node keeps the handle elsewhere: its own way of reading does as well.
    accepted.on('data', (data: Buffer) => onread.callback(data.length, data)).resume();
    return accepted;
  }
  internals._handle = null;
  internals._server = null;
  const socket = new Socket({ handle, allowHalfOpen: true, onread } as ConstructorParameters<typeof Socket>[0]);
  // The server counts its connections, and is closed when the last of them is.
  (socket as unknown as Internals)._server = server;
  return socket;
}
