import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Processes that do nothing but use a core each, for at most that long; disposing ends them. */
export function startHogs(count: number, forMs: number): AsyncDisposable {
  const script = `const until = Date.now() + ${forMs}; while (Date.now() < until);`;
  const hogs = Array.from({ length: count }, () => spawn(process.execPath, ['-e', script], { stdio: 'ignore' }));
  return {
    async [Symbol.asyncDispose]() {
      const living = hogs.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
      await Promise.all(
        living.map((hog) => {
          const exited = once(hog, 'exit');
          hog.kill('SIGKILL');
          return exited;
        }),
      );
    },
  };
}
