import { findK6 } from '../../harness/run/load/k6/find.ts';

/** Names the k6 that tests use; else the one that `halfopen k6 build` has built is taken. */
const VARIABLE = 'HALFOPEN_TEST_K6';

/** A k6 with our extension, and why there is none; in CI there has to be one. */
export async function k6AtHand(): Promise<{ readonly executable: string; readonly lack: string | null }> {
  const executable = await findK6({ executable: process.env[VARIABLE] });
  if (executable !== null) return { executable, lack: null };
  if (process.env['CI'] === 'true') throw new Error('In CI k6 must be built before these tests: npx halfopen k6 build');
  return { executable: '', lack: 'k6 is not built: npx halfopen k6 build' };
}
