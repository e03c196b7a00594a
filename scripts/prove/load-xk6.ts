import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Scenario } from '../../harness/model/scenario.ts';
import type { Verdict } from '../../harness/model/verdict.ts';
import { go, goBuilt } from '../bench-proxy/go-program.ts';
import { claim, type ProofOptions } from './proof.ts';
import { runCase } from './run-case.ts';

const XK6 = 'go.k6.io/xk6';
const XK6_VERSION = 'v1.4.13';
const K6_VERSION = 'v2.2.0';
const EXTENSION = 'github.com/halfopen/xk6-halfopen';
const BUILDS_WITHIN_MS = 600_000;
const ATTEMPTS = 4;
const SEED = 7;

interface Built {
  readonly verdict: Verdict;
  readonly sentence: string;
  readonly undecided: number;
}

/** What somebody does who has extensions of their own: builds k6 with ours by xk6, and runs with that. */
export async function xk6Claim(scenario: Scenario, options: ProofOptions): Promise<{ readonly holds: boolean; readonly line: string }> {
  const what = `\`xk6 build ${K6_VERSION} --with ${EXTENSION}=…\` gives a k6 that passes ${scenario.name}`;
  try {
    const { verdict, sentence, undecided } = await options.cases.once('xk6', async () =>
      runWith(await builtByXk6(options), scenario, options),
    );
    options.say(`xk6: ${verdict}. ${sentence}`);
    const text = `${what} (xk6 ${XK6_VERSION}${undecided === 0 ? '' : `; ${undecided} runs before it were undecided`})`;
    return { holds: verdict === 'pass', line: claim(verdict === 'pass', verdict === 'pass' ? text : `${text}: ${sentence}`) };
  } catch (error) {
    if (options.signal.aborted) return { holds: false, line: claim(false, `${what}: not run yet (the next call goes on from here)`) };
    const why = error instanceof Error ? error.message : String(error);
    options.say(`xk6 is left out: ${why}`);
    return { holds: false, line: claim(false, `${what}: it was left out, because ${why}`) };
  }
}

/** @throws {Error} without Go, without modules, or where either build fails */
async function builtByXk6({ projectFolder, folder, say }: ProofOptions): Promise<string> {
  const extension = join(projectFolder, 'harness', 'run', 'load', 'k6', 'extension');
  const path = join(folder, 'xk6', 'k6');
  mkdirSync(dirname(path), { recursive: true });
  say(`building k6 ${K6_VERSION} by xk6 ${XK6_VERSION}: some minutes, the first time`);
  const xk6 = await goBuilt({
    name: `xk6-${XK6_VERSION}`,
    async prepare(scratch) {
      // A module that requires it, because asking for a program at a version also asks for the newest, which a proxy may not know.
      await go(['mod', 'init', 'tool'], scratch);
      await go(['mod', 'edit', `-require=${XK6}@${XK6_VERSION}`, `-tool=${XK6}`], scratch);
      await go(['mod', 'tidy'], scratch);
      return { package: XK6, ldflags: '' };
    },
  });
  const args = ['build', K6_VERSION, '--with', `${EXTENSION}=${extension}`, '--output', path];
  const env = { ...process.env, GOFLAGS: '', GOWORK: 'off' };
  await promisify(execFile)(xk6, args, { cwd: dirname(path), env, timeout: BUILDS_WITHIN_MS, maxBuffer: 2 ** 24 }).catch(
    (error: unknown) => {
      const { stderr = '' } = error as { readonly stderr?: string };
      throw new Error(`xk6 could not build it: ${stderr.trim().split('\n').at(-1) ?? ''}`, { cause: error });
    },
  );
  if (!existsSync(path)) throw new Error(`xk6 built nothing at ${path}`);
  return path;
}

async function runWith(executable: string, scenario: Scenario, options: ProofOptions): Promise<Built> {
  for (let attempt = 0; ; attempt++) {
    const runFolder = join(options.folder, `xk6-run-${attempt}`);
    const { verdict } = await runCase({ scenario, seed: SEED + attempt, runFolder, driver: 'k6', config: { k6: { executable } } }, options);
    const isDecided = verdict.verdict === 'pass' || verdict.verdict === 'fail';
    if (isDecided || attempt === ATTEMPTS - 1) return { verdict: verdict.verdict, sentence: verdict.sentence, undecided: attempt };
  }
}
