import { readFileSync } from 'node:fs';
import { HarnessError, UsageError } from '../model/problem.ts';
import { scanJson } from './json-scan.ts';

/** A file of proxies, and where in it each of them stands. */
export interface ProxyConfig {
  readonly path: string;
  readonly text: string;
  /** Offset of each entry of the list. */
  readonly entries: readonly number[];
}

/**
 * Reads a file with the list that POST /populate takes.
 *
 * @throws {UsageError} with line and column if it is no JSON
 */
export function readProxyConfig(path: string): ProxyConfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new UsageError(`Cannot read the proxies as '-config' must be a file that can be read: ${(error as Error).message}`);
  }
  const { errorAt, entries } = scanJson(text);
  if (errorAt === undefined) return { path, text, entries };
  const { line, column } = placeOf(text, errorAt);
  const found = errorAt >= text.trimEnd().length ? 'the end of the file' : JSON.stringify(text.slice(errorAt, errorAt + 20).split('\n')[0]);
  throw new UsageError(`Cannot read the proxies as the file must be JSON: ${path}:${line}:${column}: found ${found}`);
}

/**
 * The error that ended the start, as it stands in the file.
 *
 * @throws {UsageError} if a field is wrong, at the line at which its proxy begins
 * @throws {HarnessError} if the proxy's address cannot be had
 */
export function throwInConfig(config: ProxyConfig, error: unknown): never {
  if (!isApiError(error)) throw error;
  const made = (error.extra?.['proxies'] as readonly unknown[] | null | undefined)?.length ?? 0;
  const named = /^(.*) at proxy (\d+)$/s.exec(error.message);
  const index = named === null ? made : Number(named[2]) - 1;
  const { line } = placeOf(config.text, config.entries[index] ?? config.text.search(/\S|$/));
  const message = named?.[1] ?? error.message;
  const where = `${config.path}:${line}: ${message.replace('bad request body: ', '')}`;
  if (error.status === 400) throw new UsageError(`Cannot make the proxies of the file: ${where}`);
  throw new HarnessError(`Cannot start the proxies of the file: ${where}`, { cause: error });
}

interface ApiErrorLike extends Error {
  readonly status: number;
  readonly extra?: Readonly<Record<string, unknown>>;
}

function isApiError(error: unknown): error is ApiErrorLike {
  return error instanceof Error && error.name === 'ApiError';
}

function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}
