/** Calls `flow` when a queue has come to be full, and when it no longer is. The result is called after each change of the queue. */
export function watchBrim(full: () => boolean, flow: () => void): () => void {
  let wasFull = false;
  return () => {
    if (full() === wasFull) return;
    wasFull = !wasFull;
    flow();
  };
}
