/**
 * `halfopen init` by itself, for the launcher on an old Node: it is `init` that brings a new one. Nothing here, and nothing
 * that it imports, may need more than Node 18.
 */
import { parseArgs } from 'node:util';
import { EXIT_CODES } from '../model/verdict.ts';
import { failureOf } from './failure.ts';
import { init } from './init.ts';

/** Answers the exit code. */
export async function initAlone(words: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = readWords(words);
    return await init.run({ args: positionals.slice(0, 1), options: values });
  } catch (error) {
    const { code, text } = failureOf(error);
    process.stderr.write(`${text}\n`);
    return code;
  }
}

function readWords(words: readonly string[]): {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
} {
  try {
    return parseArgs({ args: [...words], options: { yes: { type: 'boolean', short: 'y' } }, allowPositionals: true });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(EXIT_CODES.usage);
  }
}
