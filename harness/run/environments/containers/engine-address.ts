import { request } from 'node:http';
import { HarnessError } from '../../../model/problem.ts';

const ANSWER_MS = 5000;

/**
 * Holds the engine that `DOCKER_HOST` names against what is needed: the client below it would quietly take another one where that does
 * not answer, and the run would happen somewhere else.
 *
 * @throws {HarnessError} if nothing answers there, or its API is older than `apiMin`
 */
export async function demandEngine(apiMin: string, env: Readonly<Record<string, string | undefined>> = process.env): Promise<void> {
  const address = env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  const target = targetOf(address);
  // ssh, TLS: the client finds out.
  if (target === null || env['DOCKER_TLS_VERIFY'] !== undefined) return;
  let answer: { readonly ApiVersion?: string; readonly Version?: string };
  try {
    answer = await versionAt(target);
  } catch (cause) {
    // Without DOCKER_HOST there are other usual places (rootless, Docker Desktop), which the client knows.
    if (env['DOCKER_HOST'] === undefined && (cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new HarnessError(
      `Cannot start containers as no container engine answers at ${address}: ${(cause as Error).message} (way out: start Docker, or let DOCKER_HOST name an engine; \`halfopen doctor\` looks)`,
      { cause },
    );
  }
  if (isOlder(answer.ApiVersion ?? '0', apiMin)) {
    throw new HarnessError(
      `Cannot start containers as the engine at ${address} is too old: its API is ${answer.ApiVersion ?? 'unknown'} (engine ${answer.Version ?? 'unknown'}), at least ${apiMin} is needed (Docker 19.03)`,
    );
  }
}

type Target = { readonly socketPath: string } | { readonly host: string; readonly port: number };

function targetOf(address: string): Target | null {
  if (address.startsWith('unix://')) return { socketPath: address.slice('unix://'.length) };
  if (!/^(tcp|http):\/\//.test(address)) return null;
  const { hostname, port } = new URL(address.replace(/^tcp:/, 'http:'));
  return { host: hostname, port: Number(port === '' ? 2375 : port) };
}

function versionAt(target: Target): Promise<{ readonly ApiVersion?: string; readonly Version?: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, path: '/version', timeout: ANSWER_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      answer.once('error', reject);
      answer.once('end', () => {
        try {
          resolve(JSON.parse(text) as { readonly ApiVersion?: string });
        } catch {
          reject(new Error(`it answers ${answer.statusCode} and no version`));
        }
      });
    });
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
    asked.once('error', reject);
    asked.end();
  });
}

/** Versions as `1.41`, compared number by number. */
export function isOlder(version: string, least: string): boolean {
  const [left, right] = [version, least].map((text) => text.split('.').map(Number));
  for (const [index, number] of (right ?? []).entries()) {
    const own = left?.[index] ?? 0;
    if (own !== number) return own < number;
  }
  return false;
}
