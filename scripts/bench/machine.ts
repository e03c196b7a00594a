import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** What a number is worth depends on where it was measured: cores, Node, load average, commit. */
export function machineLine(projectFolder: string): string {
  const [oneMinute = 0] = loadavg();
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  return [
    `${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`,
    `${gibibytes} GiB`,
    `Linux ${release()}`,
    `Node ${process.versions.node}`,
    `load average ${oneMinute.toFixed(2)}`,
    `commit ${commitOf(projectFolder)}`,
    new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
  ].join(' · ');
}

/** The short commit, with `+` behind it where files differ from it; `unknown` outside a checkout. */
export function commitOf(projectFolder: string): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: projectFolder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const isDirty = git('status', '--porcelain', '--untracked-files=no', '--', 'harness', 'fixtures', 'scenarios').trim() !== '';
    return `${git('rev-parse', '--short', 'HEAD').trim()}${isDirty ? '+' : ''}`;
  } catch (error) {
    if (error instanceof Error && ('status' in error || 'code' in error)) return 'unknown';
    throw error;
  }
}
