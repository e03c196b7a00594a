/** Goal: nothing is sent anywhere until the place is one that the configuration allows, and what is wrong with it is said all at once. */
import { describe, expect, it } from 'vitest';
import type { AttachSettings, EnvironmentSettings } from '../../../../harness/model/place.ts';
import { UsageError, type Problem } from '../../../../harness/model/problem.ts';
import { readAttachPlace, readPlace } from '../../../../harness/run/environments/attach/place.ts';
import { demandThisMachine } from '../../../../harness/run/environments/attach/this-machine.ts';
import { demandAllowedTargets } from '../../../../harness/run/allowed-targets.ts';
import { defineConfig } from '../../../../harness/scenario/config.ts';
import { SHOP } from '../../../recordings.ts';

const here: AttachSettings = { toxiproxy: 'http://127.0.0.1:8474', entry: 'http://localhost:8080' };
const problemsOf = (attach: Partial<AttachSettings>, more: EnvironmentSettings = {}): readonly Problem[] =>
  readAttachPlace({ attach: { ...here, ...attach }, ...more }, SHOP).problems;
const pathsOf = (attach: Partial<AttachSettings>, more?: EnvironmentSettings): string[] => problemsOf(attach, more).map(({ path }) => path);

describe('the place of an attached system', () => {
  it('is what the configuration says, with a proxy for each edge', () => {
    const { place } = readAttachPlace({ attach: { ...here, proxies: { 'orders->payments': 'pay' } } }, SHOP);
    expect(place).toMatchObject({
      toxiproxy: { host: '127.0.0.1', port: 8474 },
      entry: { host: 'localhost', port: 8080 },
      proxies: { 'gateway->orders': 'gateway--orders', 'orders->payments': 'pay' },
      besideToxics: false,
    });
  });

  it('must be described, and the problem shows how', () => {
    expect(readAttachPlace({}, SHOP).problems).toMatchObject([{ path: 'config.attach', found: 'nothing' }]);
  });

  it('has all its wrong addresses named at once', () => {
    const ready = { orders: 'http://10.0.0.3:1/readyz', payments: 'http://127.0.0.1:2/readyz' };
    const reach = { 'orders->payments': '10.0.0.4:80', 'orders->inventory': '[::1]:80' };
    expect(pathsOf({ toxiproxy: 'http://10.0.0.1:8474', entry: 'http://example.com', ready, reach })).toEqual([
      'config.attach.toxiproxy',
      'config.attach.entry',
      'config.attach.ready.orders',
      "config.attach.reach['orders->payments']",
    ]);
  });

  it.each([
    'https://127.0.0.1',
    'http://127.0.0.1/path',
    'http://u@127.0.0.1',
    'http://127.0.0.1?x=y',
    '127.0.0.1:8080',
    'http://0.0.0.0:80',
  ])('has no entry %s', (entry) => expect(pathsOf({ entry })).toEqual(['config.attach.entry']));

  it.each(['127.0.0.1', 'http://127.0.0.1:80', 'u@127.0.0.1:80', '127.0.0.1:80/x', ':80'])('reaches no proxy at %s', (text) => {
    expect(pathsOf({ reach: { 'orders->payments': text } })).toEqual(["config.attach.reach['orders->payments']"]);
  });

  it('may be elsewhere if that is allowed, by the very name', () => {
    const entry = 'http://staging.example.com:8080';
    expect(pathsOf({ entry }, { allowTargets: ['staging.example.com'] })).toEqual([]);
    expect(pathsOf({ entry }, { allowTargets: ['example.com'] })).toEqual(['config.attach.entry']);
  });

  it('shows no password', () => {
    expect(JSON.stringify(problemsOf({ entry: 'http://user:hunter2@127.0.0.1:1' }))).not.toContain('hunter2');
  });

  it('serves several systems: what another one calls its own is not looked at', () => {
    expect(pathsOf({ ready: { elsewhere: 'http://10.0.0.3:1/' }, reach: { 'a->b': 'nonsense' } })).toEqual([]);
  });

  it('has readiness only where somebody says where', () => {
    expect(readPlace({ attach: here }, SHOP).powers).toEqual(['tcp']);
    expect(readPlace({ attach: { ...here, ready: { orders: 'http://127.0.0.1:1/readyz' } } }, SHOP).powers).toEqual(['tcp', 'readiness']);
  });

  it('tells the plan where load and faults go, and how the sentinel is asked', () => {
    expect(readPlace({ attach: here }, SHOP).notes.join('\n')).toMatch(/http:\/\/localhost:8080.*8474[\s\S]*through a proxy/);
    const away = { ...here, toxiproxy: 'http://chaos.example.com:8474' };
    const { notes } = readPlace({ attach: away, allowTargets: ['chaos.example.com'] }, SHOP);
    expect(notes.join('\n')).toContain('asked directly');
  });
});

describe('localhost', () => {
  const place = readAttachPlace({ attach: here }, SHOP).place;
  if (place === null) throw new Error('the place is wrong');

  it('is looked up, and refused where it is another machine', async () => {
    await expect(demandThisMachine(place, async () => ['127.0.0.1', '::1'])).resolves.toBeUndefined();
    const refused = demandThisMachine(place, async () => ['127.0.0.1', '10.0.0.9']);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow('10.0.0.9');
  });

  it('is not asked about where only addresses are used', async () => {
    const byAddress = { ...place, entry: place.toxiproxy };
    await expect(demandThisMachine(byAddress, () => Promise.reject(new Error('asked')))).resolves.toBeUndefined();
  });
});

describe('whichever environment brought the system up', () => {
  const at = (host: string, readyUrl = 'http://127.0.0.1:1/') => ({
    entry: { host, port: 1 },
    sentinel: { host: '127.0.0.1', port: 2 },
    readyUrls: { orders: readyUrl },
  });

  it('its load goes to this machine or where the configuration allows, and nowhere else', () => {
    expect(() => demandAllowedTargets(at('127.0.0.1'))).not.toThrow();
    expect(() => demandAllowedTargets(at('::1'), [])).not.toThrow();
    expect(() => demandAllowedTargets(at('engine.example.com'), ['engine.example.com'])).not.toThrow();
    expect(() => demandAllowedTargets(at('engine.example.com'))).toThrow(/the entry: expected this machine/);
    expect(() => demandAllowedTargets(at('127.0.0.1', 'http://10.0.0.1:1/readyz'))).toThrow('the ready path of orders');
  });
});

describe('the configuration', () => {
  it('takes no allowed target that can match nothing, and no address that is no text', () => {
    expect(() => defineConfig({ allowTargets: ['http://example.com'] })).toThrow('allowTargets[0]');
    expect(() => defineConfig({ allowTargets: ['*.example.com'] })).toThrow('allowTargets[0]');
    expect(() => defineConfig({ attach: { ...here, ready: { orders: 5 } } as never })).toThrow("attach.ready['orders']");
    expect(() => defineConfig({ attach: { ...here, proxies: [] } as never })).toThrow('attach.proxies');
    expect(defineConfig({ allowTargets: [] }).allowTargets).toEqual([]);
  });
});
