import { HarnessError, UsageError } from '../../harness/model/problem.ts';
import { buildK6 } from '../../harness/run/load/k6/build.ts';

/** A k6 with our extension, built where there is none yet, or why there is none. */
export async function builtK6(signal: AbortSignal): Promise<{ readonly path: string } | { readonly reason: string }> {
  try {
    const { path } = await buildK6({ onNote: (text) => console.log(`  ${text}`), signal });
    return { path };
  } catch (error) {
    if (error instanceof UsageError || error instanceof HarnessError) return { reason: error.message };
    throw error;
  }
}
