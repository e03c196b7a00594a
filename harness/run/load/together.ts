import type { RunningLoad } from './contract.ts';

/** Makes one load of several that are being started; when one of them fails, the others are taken down. */
export async function startedTogether(starts: readonly Promise<RunningLoad>[]): Promise<RunningLoad> {
  await using stack = new AsyncDisposableStack();
  const settled = await Promise.allSettled(starts);
  const running = settled.flatMap((result) => (result.status === 'fulfilled' ? [stack.use(result.value)] : []));
  const failed = settled.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const kept = stack.move();
  const ended = totalsOf(running);
  // Whoever waits for it sees the rejection; nobody has to.
  ended.catch(() => undefined);
  return {
    begin: (atUs) => running.forEach((load) => load.begin(atUs)),
    ended,
    stop: () => running.forEach((load) => load.stop()),
    notice: (event) => running.forEach((load) => load.notice?.(event)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function totalsOf(running: readonly RunningLoad[]): Promise<Awaited<RunningLoad['ended']>> {
  const all = await Promise.all(running.map(({ ended }) => ended));
  return { scheduled: all.reduce((sum, { scheduled }) => sum + scheduled, 0), sent: all.reduce((sum, { sent }) => sum + sent, 0) };
}
