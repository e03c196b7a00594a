/**
 * Waits until every action has ended, then throws the first error. `Promise.all` would return while others are still
 * under way, and a withdrawal that starts then could be overtaken by the very toxic that it removes.
 */
export async function allOrFirstError(actions: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(actions);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
