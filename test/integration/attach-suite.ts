/** What an attached run does to a Toxiproxy, whichever it is; called once for ours and once for the real one. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AttachSettings } from '../../harness/model/place.ts';
import { bandwidth } from '../../harness/run/faults/bandwidth.ts';
import { blackhole } from '../../harness/run/faults/blackhole.ts';
import { latency } from '../../harness/run/faults/latency.ts';
import { limitData } from '../../harness/run/faults/limit-data.ts';
import { partition } from '../../harness/run/faults/partition.ts';
import { reset } from '../../harness/run/faults/reset.ts';
import { slice } from '../../harness/run/faults/slice.ts';
import { EDGE, PROXY, askToxiproxy, bringUp, pairScenario, routeThrough, runAttached, startPair, type Pair } from './attach-rig.ts';

interface Shown {
  readonly name: string;
  readonly listen: string;
  readonly enabled: boolean;
  readonly toxics: readonly { readonly name: string; readonly type: string; readonly attributes: Readonly<Record<string, number>> }[];
}

const LATE = { name: 'theirs', type: 'latency', stream: 'downstream', attributes: { latency: 1, jitter: 0 } };

export function attachSuite(toxiproxyUrl: () => string): void {
  let pairUp: Pair;
  let settings: AttachSettings;
  const ask = (method: string, path: string, body?: unknown): Promise<unknown> => askToxiproxy(toxiproxyUrl(), method, path, body);
  const shown = async (): Promise<Readonly<Record<string, Shown>>> => (await ask('GET', '/proxies')) as Readonly<Record<string, Shown>>;
  const toxicsThere = async (): Promise<string[]> => Object.values(await shown()).flatMap(({ toxics }) => toxics.map(({ name }) => name));
  const slow = latency(EDGE, { delay: '300ms' });

  beforeEach(async () => {
    pairUp = await startPair();
    await routeThrough(toxiproxyUrl(), pairUp);
    settings = { toxiproxy: toxiproxyUrl(), entry: pairUp.entry, ready: pairUp.ready };
  });
  afterEach(async () => {
    await pairUp[Symbol.asyncDispose]();
    for (const name of Object.keys(await shown())) await ask('DELETE', `/proxies/${name}`);
  });

  describe('a run', () => {
    it('hurts the edge, sees by canaries that it did, passes, and leaves the Toxiproxy as it was', async () => {
      await ask('POST', '/proxies', { name: 'another', listen: '127.0.0.1:0', upstream: '127.0.0.1:1' });
      await ask('POST', '/proxies/another/toxics', LATE);
      const before = await shown();
      const during: Promise<Readonly<Record<string, Shown>>>[] = [];
      const run = await runAttached(pairScenario(slow, { seesAll: true }), settings, {
        onRecord: ({ table, row }) => {
          if (table === 'events' && row.kind === 'fault' && row.step === 'acknowledged') during.push(shown());
        },
      });
      const { runId } = run.recording.run;
      expect(run.codes).toMatchObject({ 'fault-was-felt': 'canary-felt', 'recording-is-whole': 'recording-whole' });
      expect(run.verdict.findings.filter(({ verdict }) => verdict === 'invalid' || verdict === 'fail')).toEqual([]);
      expect(run.recording.exchanges).toEqual([]);
      const [inForce] = await Promise.all(during);
      expect(Object.keys(inForce ?? {}).toSorted()).toEqual(['another', PROXY, `halfopen-sentinel-${runId}`].toSorted());
      expect(inForce?.[PROXY]?.toxics).toMatchObject([{ name: `halfopen-${runId}-harm`, type: 'latency', attributes: { latency: 300 } }]);
      expect(inForce?.['another']?.toxics.map(({ name }) => name)).toEqual(['theirs']);
      expect(await shown()).toEqual(before);
      const told = run.recording.events.flatMap((event) =>
        event.kind === 'environment' ? [`${event.what} ${event.subject}: ${event.detail}`] : [],
      );
      expect(told.join('\n')).toMatch(
        /toxiproxy toxiproxy: version \d[\s\S]*toxics another:.*'theirs'[\s\S]*sentinel sentinel: asked through/,
      );
    });

    it('cannot tell what needs a tap or what services print, and is not invalid for it', async () => {
      const run = await runAttached(pairScenario(slow), settings);
      expect(run.verdicts).toMatchObject({ retries: 'inconclusive', staysClosed: 'inconclusive', 'probe-was-watching': 'inconclusive' });
      expect(run.codes).toMatchObject({ retries: 'power-lacking', 'probe-was-watching': 'probe-impossible' });
      expect(Object.values(run.verdicts)).not.toContain('invalid');
      expect(run.verdict.verdict).toBe('inconclusive');
      expect(run.recording.events.filter(({ kind }) => kind === 'probe' || kind === 'clock')).toEqual([]);
    });

    it('is invalid where callers and harness do not go through the proxy that was hurt', async () => {
      const { host, port } = pairUp.payments;
      const run = await runAttached(pairScenario(slow, { seesAll: true }), { ...settings, reach: { [EDGE]: `${host}:${port}` } });
      expect(run.codes['fault-was-felt']).toBe('canary-unfelt');
      expect(run.verdict.verdict).toBe('invalid');
    });

    it('takes its toxics back when it is interrupted', async () => {
      const stop = new AbortController();
      const running = runAttached(pairScenario(blackhole(EDGE)), settings, {
        signal: stop.signal,
        onRecord: ({ table, row }) => {
          if (table === 'events' && row.kind === 'fault' && row.step === 'acknowledged') stop.abort(new Error('Ctrl-C'));
        },
      });
      await expect(running).rejects.toThrow('Ctrl-C');
      expect(Object.keys(await shown())).toEqual([PROXY]);
      expect(await toxicsThere()).toEqual([]);
    });
  });

  describe('canaries', () => {
    it.each([
      ['latency', slow, 'answered'],
      ['requests that are late', latency(EDGE, { delay: '200ms', stream: 'upstream' }), 'answered'],
      ['a blackhole', blackhole(EDGE), 'timeout'],
      // The callee's end comes through where its bytes do not.
      ['a partition of one direction', partition(['gateway'], ['payments'], { direction: 'from' }), 'closed'],
      ['a reset', reset(EDGE), 'reset'],
      ['cut replies', limitData(EDGE, { bytes: 20 }), 'closed'],
      ['replies in pieces', slice(EDGE, { averageBytes: 8, delayUs: 20_000 }), 'answered'],
      ['a narrow edge', bandwidth(EDGE, { kilobytesPerSecond: 1 }), 'answered'],
    ] as const)('show %s', async (_, fault, outcome) => {
      await using up = await bringUp(pairScenario(fault), settings);
      await up.inject();
      const canaries = up.events.filter((event) => event.kind === 'canary');
      const of = (moment: string) => canaries.filter((canary) => canary.moment === moment);
      expect(of('before').map(({ isBitten }) => isBitten)).toEqual([false, false, false]);
      expect(of('during').at(-1)).toMatchObject({ outcome, isBitten: true });
      expect(of('after').at(-1)).toMatchObject({ outcome: 'answered', isBitten: false });
      expect(await toxicsThere()).toEqual([]);
    });
  });

  describe('what it makes there', () => {
    it('is written down before it is made, and crossed out when it is gone', async () => {
      await using up = await bringUp(pairScenario(slow), settings);
      const name = `halfopen-${up.runId}-harm`;
      const toxic = { name: 'harm', type: 'latency', stream: 'downstream', attributes: { latency: 5 } } as const;
      const made = { kind: 'toxic', controlUrl: toxiproxyUrl(), proxy: PROXY, toxic: name };
      const signal = new AbortController().signal;
      await up.system.proxy.addToxic(EDGE, toxic, signal);
      expect(up.ledgerLines().map((line) => JSON.parse(line) as { made?: unknown })).toContainEqual({ made });
      expect(await toxicsThere()).toEqual([name]);
      await up.system.proxy.removeToxic(EDGE, 'harm', signal);
      await up.system.proxy.removeToxic(EDGE, 'harm', signal);
      expect(await toxicsThere()).toEqual([]);
      expect(up.ledgerLines().map((line) => JSON.parse(line) as { gone?: unknown })).toContainEqual({ gone: made });
    });

    it('is gone when the system is taken down, even if a fault was left in force', async () => {
      const up = await bringUp(pairScenario(slow), settings);
      const toxic = { name: 'harm#up', type: 'timeout', stream: 'upstream', attributes: { timeout: 0 } } as const;
      await up.system.proxy.addToxic(EDGE, toxic, new AbortController().signal);
      expect(await toxicsThere()).toEqual([`halfopen-${up.runId}-harm~23up`]);
      await up[Symbol.asyncDispose]();
      expect(Object.keys(await shown())).toEqual([PROXY]);
      expect(await toxicsThere()).toEqual([]);
      await expect(fetch(`http://127.0.0.1:${up.system.sentinel.port}/`)).rejects.toThrow('fetch failed');
      expect((await fetch(pairUp.entry)).status).toBe(200);
    });

    it('never touches what is not its own', async () => {
      await using up = await bringUp(pairScenario(slow), settings);
      await ask('POST', `/proxies/${PROXY}/toxics`, { ...LATE, name: 'harm' });
      await up.system.proxy.removeToxic(EDGE, 'harm', new AbortController().signal);
      expect(await toxicsThere()).toEqual(['harm']);
    });
  });

  describe('is refused, with nothing left behind,', () => {
    const refusal = async (changed: Partial<AttachSettings> = {}): Promise<string> => {
      const before = await shown();
      const error = await bringUp(pairScenario(slow), { ...settings, ...changed }).catch((reason: Error) => reason);
      if (!(error instanceof Error)) {
        await error[Symbol.asyncDispose]();
        throw new Error('it was not refused');
      }
      expect(await shown()).toEqual(before);
      return error.message;
    };

    it('where the proxy is missing, which names those that are there', async () => {
      expect(await refusal({ proxies: { [EDGE]: 'pay' } })).toMatch(
        /has no proxy 'pay' \(gateway->payments\); its proxies: 'gateway--payments'/,
      );
    });

    it('where the proxy is switched off', async () => {
      await ask('POST', `/proxies/${PROXY}`, { enabled: false });
      expect(await refusal()).toContain(`'${PROXY}' (${EDGE}) is switched off`);
    });

    it('where the proxy carries toxics already, unless that is wanted: then they stay', async () => {
      await ask('POST', `/proxies/${PROXY}/toxics`, LATE);
      expect(await refusal()).toMatch(/carries toxics already.*'theirs'.*besideToxics/);
      {
        await using up = await bringUp(pairScenario(slow), { ...settings, besideToxics: true });
        await up.inject();
        expect(up.events.some((event) => event.kind === 'environment' && event.what === 'toxics' && event.detail.includes('theirs'))).toBe(
          true,
        );
      }
      expect(await toxicsThere()).toEqual(['theirs']);
    });

    it('where another run is at work on the proxy, even beside other toxics', async () => {
      await ask('POST', `/proxies/${PROXY}/toxics`, { ...LATE, name: 'halfopen-0000-harm' });
      expect(await refusal({ besideToxics: true })).toMatch(/another run of halfopen.*halfopen clean/);
    });

    it('where a service is not ready', async () => {
      expect(await refusal({ ready: { payments: `${pairUp.entry.replace(/\d+$/, '1')}/readyz` } })).toMatch(
        /payments must be one that answers 200/,
      );
    });
  });

  it('is taken down in peace although the proxy with its toxic was deleted meanwhile', async () => {
    const up = await bringUp(pairScenario(slow), settings);
    const toxic = { name: 'harm', type: 'latency', stream: 'downstream', attributes: { latency: 5 } } as const;
    await up.system.proxy.addToxic(EDGE, toxic, new AbortController().signal);
    await ask('DELETE', `/proxies/${PROXY}`);
    await up[Symbol.asyncDispose]();
    expect(await shown()).toEqual({});
  });
}
