/**
 * Goal: a bad k6 script is told as one, with its reason and the exit code that fits, and leaves nothing behind. All with a real k6.
 */
import { describe, expect, test } from 'vitest';
import { HarnessError, UsageError } from '../../harness/model/problem.ts';
import { SCRIPT_EXCEPTIONS } from '../../harness/model/script.ts';
import { k6AtHand } from './k6-at-hand.ts';
import { constantly, GET, runScript, thresholdsIn, told, type ScriptResult, type ScriptRig } from './k6-script-rig.ts';
import { json, serve } from './load-rig.ts';

const TIMEOUT_MS = 60_000;
const { executable, lack } = await k6AtHand();
if (lack !== null) console.warn(`k6-script-bad.test.ts is left out: ${lack}`);

const run = (rig: Omit<ScriptRig, 'executable'>): Promise<ScriptResult> => runScript({ executable, ...rig });

describe.skipIf(lack !== null)('exceptions', () => {
  const stormOf = (result: ScriptResult): readonly [boolean | null, number | undefined][] =>
    thresholdsIn(result)
      .filter(({ metric }) => metric === SCRIPT_EXCEPTIONS)
      .map(({ isMet, value }) => [isMet, value]);

  test('in every iteration are the script’s own doing, though k6 ends with 0', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(json({}));
    const result = await run({
      entry: shop,
      phases: { baseline: 900 },
      script: constantly(20, `${GET} throw new Error('not my day');`).replace("'1m'", "'1s'"),
    });
    expect(stormOf(result)).toEqual([[false, 1]]);
    expect(told(result, 'exit')).toEqual(['exit code 0: ended by itself']);
    expect(told(result, 'degraded')).toEqual([
      expect.stringMatching(/^1\d of 1\d iterations that began in phase baseline threw, 1\d of them although .*not my day/),
    ]);
  });

  test('after a call that failed are the system’s', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(json({ error: true }, 503));
    const result = await run({
      entry: shop,
      phases: { baseline: 600 },
      script: constantly(20, 'const answer = http.get(`${__ENV.SHOP}/quote/lamp`); answer.json().fee.amount.toFixed();'),
    });
    expect(stormOf(result)).toEqual([[true, 0]]);
    expect(told(result, 'degraded')).toEqual([expect.stringMatching(/, 0 of them although no call of theirs had failed: TypeError/)]);
  });
});

describe.skipIf(lack !== null)('bad scripts', () => {
  const refusal = async (script: string, rig: Partial<ScriptRig> = {}): Promise<Error> => {
    await using shop = await serve(json({}));
    return run({ entry: shop, script, ...rig }).then(
      () => Promise.reject(new Error('it ran')),
      (error: Error) => error,
    );
  };

  test.each([
    [
      'a syntax error',
      'export default function () { const = 1; }',
      /k6 ended with code 107, it does not compile.*SyntaxError|Unexpected token/s,
    ],
    ['an import that does not resolve', "import { a } from './nowhere.js'; export default function () { a(); }", /code 107.*nowhere\.js/s],
    ['an exception while it is loaded', "throw new Error('not today'); export default function () {}", /code 107.*not today/s],
    [
      'an unknown executor',
      "export const options = { scenarios: { a: { executor: 'guessing' } } }; export default function () {}",
      /k6 ended with code \d+.*guessing/s,
    ],
    [
      'a function that is not there',
      "export const options = { scenarios: { a: { executor: 'shared-iterations', exec: 'gone' } } }; export default function () {}",
      /code 104.*gone/s,
    ],
    [
      'a threshold on a metric that is not there',
      "export const options = { thresholds: { nothing: ['count>1'] } }; export default function () {}",
      /code 104.*nothing/s,
    ],
  ])('%s is told before anything starts', { timeout: TIMEOUT_MS }, async (_, script, message) => {
    const error = await refusal(script);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(/^Cannot use .*load\.js as the load as k6 must be able to load it/);
    expect(error.message).toMatch(message);
  });

  test('one that spins while it is loaded is killed', { timeout: TIMEOUT_MS }, async () => {
    const error = await refusal('for (;;) {} export default function () {}', { loadedWithinMs: 1500 });
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(/must be loaded within 1500 ms: it spins or hangs while k6 loads it/);
  });

  test('a setup that takes too long, or throws, is told with its reason', { timeout: TIMEOUT_MS }, async () => {
    const slow = await refusal(
      `${constantly(10, GET, "setupTimeout: '1s'")} import { sleep } from 'k6'; export function setup() { sleep(30); }`,
    );
    expect(slow).toBeInstanceOf(UsageError);
    expect(slow.message).toMatch(/its setup function must end well within setupTimeout.*timed out after 1 seconds/s);
    const broken = await refusal(`${constantly(10, GET)} export function setup() { throw new Error('no shop today'); }`);
    expect(broken).toBeInstanceOf(UsageError);
    expect(broken.message).toContain('no shop today');
  });

  test('one whose iterations never end is stopped with the timeline', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(json({}));
    const result = await run({ entry: shop, phases: { baseline: 500 }, drainMs: 500, script: constantly(4, `${GET} for (;;) {}`) });
    expect(result.tookMs).toBeLessThan(8000);
    expect(result.rows.length).toBeGreaterThanOrEqual(1);
  });

  test('one that floods its log does not fill the disk', { timeout: TIMEOUT_MS }, async () => {
    await using shop = await serve(json({}));
    const result = await run({
      entry: shop,
      phases: { baseline: 800 },
      script: constantly(5, `${GET} for (let i = 0; i < 3000; i++) console.log('x'.repeat(1000));`),
    });
    expect(result.log.length).toBeLessThan(9 * 1024 * 1024);
    expect(result.log).toContain('halfopen: this log is cut at');
    expect(result.rows.length).toBeGreaterThanOrEqual(3);
  });

  test('one that aborts the test is told as such', { timeout: TIMEOUT_MS }, async () => {
    const error = await refusal(`import exec from 'k6/execution'; ${constantly(10, `${GET} exec.test.abort('enough');`)}`);
    expect(error).toBeInstanceOf(UsageError);
    expect(error.message).toMatch(/exit code 108: the script aborted the test/);
    expect(error).not.toBeInstanceOf(HarnessError);
  });
});
