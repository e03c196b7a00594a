import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { LIMITS } from '../../../../../harness/model/limits.ts';
import { openK6Log } from '../../../../../harness/run/load/k6/log.ts';

const folder = mkdtempSync(join(tmpdir(), 'k6-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('what k6 prints', () => {
  test('is in the file line by line, redacted, whatever the pieces it came in; the last lines are at hand', async () => {
    const path = join(folder, 'a.log');
    const log = openK6Log(path, (text) => text.replaceAll('secret', '***'));
    log.read(Readable.from(['first se', 'cret\nsecond\n', 'unfinished']));
    await log.drained();
    expect(log.lastLines()).toBe('first ***\nsecond\nunfinished');
    await log[Symbol.asyncDispose]();
    expect(readFileSync(path, 'utf8')).toBe('first ***\nsecond\nunfinished\n');
  });

  test('never fills the disk: a flood is read to its end and cut, and its end is known', async () => {
    const path = join(folder, 'flood.log');
    const log = openK6Log(path, (text) => text);
    const line = `${'x'.repeat(999)}\n`;
    log.read(Readable.from(Array.from({ length: 200 }, () => line.repeat(60)).concat('the end\n')));
    await log.drained();
    await log[Symbol.asyncDispose]();
    const text = readFileSync(path, 'utf8');
    expect(Buffer.byteLength(text)).toBeLessThan(LIMITS.logBytes + 200);
    expect(text).toMatch(/halfopen: this log is cut at \d+ bytes\n$/);
    expect(log.lastLines()).toMatch(/the end$/);
  });

  test('without a line’s end costs no memory', async () => {
    const log = openK6Log(join(folder, 'long.log'), (text) => text);
    log.read(Readable.from(Array.from({ length: 50 }, () => 'y'.repeat(100_000))));
    await log.drained();
    expect(log.lastLines().length).toBeLessThan(1000);
    await log[Symbol.asyncDispose]();
  });

  test('does not wait for ever for a stream that stays open', async () => {
    const log = openK6Log(join(folder, 'open.log'), (text) => text);
    const stream = new PassThrough();
    log.read(stream);
    stream.write('said\n');
    await log.drained();
    expect(log.lastLines()).toBe('said');
    await log[Symbol.asyncDispose]();
  });
});
