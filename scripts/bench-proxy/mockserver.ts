import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './go-program.ts';
import { freePort, startServer, untilAnswers } from './started.ts';

const VERSION = '7.1.0';
const ARTIFACT = 'mockserver-netty-no-dependencies';
const DOWNLOADS_WITHIN_MS = 120_000;

/** MockServer's jar with everything in it: `MOCKSERVER_JAR`, or from Maven Central into the cache; else why there is none. */
export async function findMockServer(): Promise<{ readonly path: string } | { readonly reason: string }> {
  const named = process.env['MOCKSERVER_JAR'] ?? '';
  if (named !== '') return existsSync(named) ? { path: named } : { reason: 'MOCKSERVER_JAR names a file that is not there' };
  const path = join(cacheFolder, `${ARTIFACT}-${VERSION}.jar`);
  if (existsSync(path)) return { path };
  mkdirSync(cacheFolder, { recursive: true });
  // Without -U Maven would not ask again for what it once did not find.
  const args = [
    '-q',
    '-B',
    '-U',
    'dependency:copy',
    `-Dartifact=org.mock-server:${ARTIFACT}:${VERSION}`,
    `-DoutputDirectory=${cacheFolder}`,
  ];
  try {
    await promisify(execFile)('mvn', args, { cwd: cacheFolder, timeout: DOWNLOADS_WITHIN_MS });
  } catch (error) {
    const { stdout = '', code } = error as Error & { readonly stdout?: string; readonly code?: unknown };
    if (code === 'ENOENT') return { reason: 'there is no Maven on PATH' };
    const isUnknown = /could not find artifact|failure to find|was not found/i.test(stdout);
    return { reason: isUnknown ? `Maven's repository has no ${ARTIFACT} ${VERSION}` : 'Maven Central could not be reached' };
  }
  return existsSync(path) ? { path } : { reason: 'Maven brought something else' };
}

/** Starts it as a reverse proxy for one port. */
export async function startMockServer(
  jar: string,
  upstreamPort: number,
  stack: AsyncDisposableStack,
): Promise<{ readonly pid: number; readonly port: number }> {
  const port = await freePort();
  const args = [
    '-jar',
    jar,
    '-serverPort',
    `${port}`,
    '-proxyRemoteHost',
    '127.0.0.1',
    '-proxyRemotePort',
    `${upstreamPort}`,
    '-logLevel',
    'ERROR',
  ];
  const started = stack.use(await startServer('java', args));
  await untilAnswers(`http://127.0.0.1:${port}/quote/1`, started);
  return { pid: started.pid, port };
}
