/** Goal: what a run may send something to is decided by the host that would really be asked, however it is written. */
import { describe, expect, it } from 'vitest';
import { canonicalHost, isLoopback, readTarget, targetProblem } from '../../../harness/model/target.ts';

const hostOf = (url: string): string | undefined => readTarget(url)?.host;
const mayGo = (url: string, allowTargets: readonly string[] = []): boolean => {
  const target = readTarget(url);
  return target !== null && targetProblem(target.host, allowTargets, 'x') === null;
};

describe('a target', () => {
  it.each([
    ['http://127.0.0.1:8474', '127.0.0.1', 8474, 'http://127.0.0.1:8474'],
    ['http://LOCALHOST:80/', 'localhost', 80, 'http://localhost'],
    ['http://localhost.:8080', 'localhost', 8080, 'http://localhost.:8080'],
    ['http://[::1]:8474', '::1', 8474, 'http://[::1]:8474'],
    ['http://2130706433:1', '127.0.0.1', 1, 'http://127.0.0.1:1'],
    ['http://0x7f.1:1', '127.0.0.1', 1, 'http://127.0.0.1:1'],
    ['http://0177.0.0.1:1', '127.0.0.1', 1, 'http://127.0.0.1:1'],
    ['http://134744072:1', '8.8.8.8', 1, 'http://8.8.8.8:1'],
  ])('%s is read as the one that would be asked', (text, host, port, origin) => {
    expect(readTarget(text)).toMatchObject({ host, port, origin });
  });

  it.each([
    'https://127.0.0.1:8474',
    'http://localhost@example.com:80',
    'http://user:secret@127.0.0.1:80',
    'ftp://127.0.0.1',
    '127.0.0.1:8474',
    '',
    'http://',
    'http://127.0.0.1:99999',
    42,
    undefined,
  ])('%s is none', (text) => expect(readTarget(text)).toBeNull());

  it('keeps path and query', () => expect(readTarget('http://127.0.0.1:1/a/b?c=d')?.path).toBe('/a/b?c=d'));

  it('takes a backslash for what it is to a URL: the end of the host', () => {
    expect(hostOf('http://example.com\\@127.0.0.1/')).toBe('example.com');
  });
});

describe('what a run may send to', () => {
  it.each([
    'http://localhost:1',
    'http://127.0.0.1:1',
    'http://127.8.9.10:1',
    'http://[::1]:1',
    'http://2130706433:1',
    'http://[::ffff:127.0.0.1]:1',
  ])('%s without asking', (url) => expect(mayGo(url)).toBe(true));

  it.each([
    'http://10.0.0.1:1',
    'http://example.com:1',
    'http://127.0.0.1.example.com:1',
    'http://localhost.example.com:1',
    'http://evil.localhost:1',
    'http://128.0.0.1:1',
    'http://[::2]:1',
    'http://[::ffff:8.8.8.8]:1',
    'http://134744072:1',
    'http://0.0.0.0:1',
    'http://[::]:1',
  ])('%s never without the allow list', (url) => expect(mayGo(url)).toBe(false));

  it('what the allow list names, whichever way it is written', () => {
    expect(mayGo('http://Staging.example.com:1', ['staging.EXAMPLE.com'])).toBe(true);
    expect(mayGo('http://10.1:1', ['10.0.0.1'])).toBe(true);
    expect(mayGo('http://[2001:db8::1]:1', ['2001:0db8:0:0::1'])).toBe(true);
  });

  it('never what merely ends, begins or resolves like it', () => {
    for (const url of ['http://a.staging.example.com:1', 'http://staging.example.com.evil.org:1', 'http://xstaging.example.com:1'])
      expect(mayGo(url, ['staging.example.com', '*'])).toBe(false);
  });

  it('never all of this machine at once, not even when allowed', () => {
    expect(mayGo('http://0.0.0.0:1', ['0.0.0.0'])).toBe(false);
    expect(targetProblem('0.0.0.0', [], 'x')?.hint).toBe('write 127.0.0.1');
  });

  it('and the problem says what to write where', () => {
    expect(targetProblem('staging.example.com', ['a.example.com'], 'config.attach.entry')).toMatchObject({
      path: 'config.attach.entry',
      found: '"staging.example.com"',
      hint: "allowTargets: ['a.example.com', 'staging.example.com'], if load and faults may go there",
    });
  });
});

describe('a host', () => {
  it.each([
    ['localhost', 'localhost'],
    ['0x7f.1', '127.0.0.1'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['EXAMPLE.com.', 'example.com'],
  ])('%s is %s', (text, host) => expect(canonicalHost(text)).toBe(host));

  it.each(['http://a', 'a:80', 'a/b', 'u@a', '*', '*.a', '', 'a b', 'a?b', 'a#b', 'a\\b'])('%s is none', (text) =>
    expect(canonicalHost(text)).toBeNull(),
  );

  it('is loopback only as a whole', () => {
    expect(['127.0.0.1', '::ffff:7f00:1', 'localhost', '::1'].every(isLoopback)).toBe(true);
    expect(['127.0.0.1.nip.io', 'localhost.evil', 'xlocalhost', '::ffff:8080:1', ''].some(isLoopback)).toBe(false);
  });
});
