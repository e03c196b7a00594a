/**
 * Goal: a k6 without our extension keeps the laws of load drivers as well, but for what its runs say that it lacks; and it is refused
 * where it cannot be used.
 */
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, test, vi } from 'vitest';
import type { LoadContext, LoadDriver } from '../../harness/run/load/contract.ts';
import { chooseK6 } from '../../harness/run/load/k6/choose.ts';
import { k6Driver } from '../../harness/run/load/k6.ts';
import { get, openLoad } from '../../harness/scenario/load.ts';
import { k6Script } from '../../harness/scenario/load-code.ts';
import { LAWS } from '../contracts/load-laws.ts';
import { offerWhole } from '../contracts/load-rig.ts';
import { stockK6In, stockK6Lack } from './k6-stock-at-hand.ts';
import { json, serve } from './load-rig.ts';

const PROMPT_MS = 10_000;
/** What such a k6 cannot do; its runs say so. */
const BEYOND_IT = [
  'sends those arrivals that are its own, and tells of its health',
  'a connection that breaks under a request resets that arrival: nobody repeats it',
];
const laws = Object.entries(LAWS).filter(([name]) => !BEYOND_IT.includes(name));
const lack = stockK6Lack();

describe.skipIf(lack !== null)(`a k6 without the extension${lack === null ? '' : ` [skipped: ${lack}]`}`, () => {
  let folder: string;
  let executable: string;
  let sentinel: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    sentinel = await serve(json({}));
    folder = await mkdtemp(join(tmpdir(), 'halfopen-k6-stock-'));
    executable = await stockK6In(folder);
  }, 600_000);
  afterAll(async () => {
    await sentinel[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(() => vi.unstubAllEnvs());
  const using = (k6: object = {}, onEvent: LoadContext['onEvent'] = () => undefined): LoadDriver => ({
    ...k6Driver,
    start: (context) => k6Driver.start({ ...context, plan: { ...context.plan, k6: { executable, ...k6 } }, onEvent }),
  });

  test.each(laws)('%s', async (_, law) => {
    expect.hasAssertions();
    await law({ driver: using(), limits: ['hides-broken-status'], sentinel, promptMs: PROMPT_MS });
  });

  it('is held to all laws but two, which are there', () => {
    expect(laws).toHaveLength(Object.keys(LAWS).length - BEYOND_IT.length);
  });

  it('sheds what finds no virtual user free, sends the rest in time, and says what its evidence lacks', async () => {
    await using entry = await serve((_request, response) => void setTimeout(() => response.end('{}'), 400));
    const load = openLoad({ ratePerSecond: 20, requests: [get('r', '/', { timeout: '5s' })] });
    const offer = { sentinel, runId: `stock-${process.pid}`, load, entry, totalMs: 2000 };
    const events: Parameters<LoadContext['onEvent']>[0][] = [];
    const { rows } = await offerWhole({ ...offer, driver: using({ vusMax: 2 }, (event) => events.push(event)) });
    const shed = rows.filter(({ outcome }) => outcome === 'shed');
    expect(rows).toHaveLength(40);
    expect(shed.length).toBeGreaterThan(20);
    expect(shed.every(({ startedUs }) => startedUs === null)).toBe(true);
    expect(rows.length - shed.length).toBeGreaterThanOrEqual(6);
    const lacking = events.flatMap((event) => (event.kind === 'driver' && event.what === 'degraded' ? [event.detail] : []));
    expect(lacking).toEqual(expect.arrayContaining([expect.stringContaining('no extension'), expect.stringContaining('2 are allowed')]));
  });

  it('is taken from PATH where none was built; where there is none either, the ways out are told', async () => {
    const load = openLoad({ ratePerSecond: 1, requests: [get('r', '/')] });
    const bin = join(folder, 'bin');
    await mkdir(bin);
    vi.stubEnv('XDG_CACHE_HOME', folder);
    vi.stubEnv('PATH', bin);
    await expect(chooseK6({ load, k6: {} })).rejects.toThrow(/found none; run npx halfopen k6 build/);
    await symlink(executable, join(bin, 'k6'));
    await expect(chooseK6({ load, k6: {} })).resolves.toMatchObject({ path: join(bin, 'k6'), tier: { start: expect.any(Function) } });
  });

  it('is refused for what it cannot do, with the ways out', async () => {
    const load = openLoad({ ratePerSecond: 1, requests: [get('r', '/')] });
    await expect(chooseK6({ load: k6Script('load.js'), k6: { executable } })).rejects.toThrow(/without the extension.*'open'.*k6 build/);
    await expect(chooseK6({ load, k6: { executable, instances: 2 } })).rejects.toThrow(/instances.*must be 1: current value is 2/);
    await expect(chooseK6({ load, k6: { executable } })).resolves.toMatchObject({ path: executable });
  });
});
