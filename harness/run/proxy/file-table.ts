import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Files that connections leave free: for the callee's side of this one, and for the control API. */
const SPARED_FILES = 8;

let limit: number | null = null;

/**
 * Whether an accepted connection has come to the end of the table of open files. Numbers are given out lowest first, so its own tells how
 * full the table is. Once it is quite full libuv turns connections away without a word; who leaves some room can count them.
 */
export function isTableFull(socket: Socket): boolean {
  limit ??= openFilesMax();
  const { fd = -1 } = (socket as unknown as { readonly _handle?: { readonly fd?: number } })._handle ?? {};
  return fd >= limit - SPARED_FILES;
}

/** Infinity where the system does not tell. */
function openFilesMax(): number {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined ? Infinity : Number(soft);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return Infinity;
    throw error;
  }
}
