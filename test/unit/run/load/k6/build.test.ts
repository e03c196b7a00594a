/** Goal: a k6 is built once for its sources, by one of several who want it, and only a k6 that the driver can use is used. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { HarnessError, UsageError } from '../../../../../harness/model/problem.ts';
import { buildK6, checkK6, findK6, goVersionAt, readK6, type BuiltK6 } from '../../../../../harness/run/load/k6/build.ts';
import {
  builtPath,
  cacheFolder,
  extensionFolder,
  forgetOldBuilds,
  newestBuilt,
  sourceKey,
} from '../../../../../harness/run/load/k6/build-cache.ts';
import { eventually } from '../../../../cli/halfopen.ts';
import { lockFile } from '../../../../../harness/run/load/k6/build-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'halfopen-build-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OURS = `k6 v2.2.0 (go1.26.8, linux/amd64)
Extensions:
  github.com/halfopen/xk6-halfopen , k6/x/halfopen [js]
  github.com/halfopen/xk6-halfopen.newOutput , halfopen [output]`;

let env: Record<string, string | undefined>;
let sources: string;
let bin: string;
let round = 0;

beforeEach(() => {
  const own = join(folder, String(round++));
  bin = join(own, 'bin');
  sources = join(own, 'sources');
  mkdirSync(bin, { recursive: true });
  mkdirSync(join(sources, 'cmd/k6'), { recursive: true });
  for (const file of ['go.mod', 'go.sum', 'a.go', 'cmd/k6/main.go']) writeFileSync(join(sources, file), file);
  env = { PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`, XDG_CACHE_HOME: join(own, 'cache'), GOFLAGS: '-mod=mod', GOOS: 'plan9' };
});

function program(path: string, shell: string): string {
  writeFileSync(path, `#!/bin/sh\n${shell}\n`);
  chmodSync(path, 0o755);
  return path;
}

function k6Saying(text: string): string {
  return program(join(bin, 'some-k6'), `cat <<'END'\n${text}\nEND`);
}

/** Stands for Go where the real one would need minutes: notes how it was called, and makes a k6 that says what ours says. */
function fakeGo({ version = 'go1.26.8', makes = OURS, build = '' }): void {
  const made = k6Saying(makes);
  program(
    join(bin, 'go'),
    `echo "$* GOFLAGS=$GOFLAGS GOWORK=$GOWORK CGO_ENABLED=$CGO_ENABLED GOOS=$GOOS" >> '${bin}/calls'
if [ "$1" = env ]; then echo '${version}'; exit; fi
${build}
while [ "$1" != -o ]; do shift; done
cp '${made}' "$2"`,
  );
}

function calls(): readonly string[] {
  return readFileSync(join(bin, 'calls'), 'utf8').trim().split('\n');
}

function build(onNote: (text: string) => void = () => undefined, signal = new AbortController().signal): Promise<BuiltK6> {
  return buildK6({ onNote, signal, env, sources });
}

describe('buildK6', () => {
  it('builds once, with nothing of the user in it, and says how long and how large', async () => {
    fakeGo({});
    const notes: string[] = [];
    const built = await build((text) => notes.push(text));
    expect(built).toMatchObject({ version: 'v2.2.0', goVersion: 'go1.26.8', isNew: true });
    expect(built.path.startsWith(cacheFolder(env))).toBe(true);
    expect(notes).toEqual([expect.stringMatching(/once: about 2 minutes, 50 MB, and up to 1 GB in the caches of Go 1\.26\.8/)]);
    expect(calls().at(-1)).toMatch(
      /^build -trimpath -buildvcs=false -mod=readonly -ldflags -s -w -o \S+ \.\/cmd\/k6 GOFLAGS=-mod=readonly GOWORK=off CGO_ENABLED=0 GOOS=$/,
    );
    const again = await build((text) => notes.push(text));
    expect(again).toMatchObject({ path: built.path, isNew: false });
    expect(notes).toHaveLength(1);
    expect(calls().filter((call) => call.startsWith('build'))).toHaveLength(1);
    expect(readdirSync(dirname(built.path))).toEqual(['k6']);
  });

  it('makes one program for two who want it at once', async () => {
    // The one that builds goes on when the other one waits.
    fakeGo({ build: `for i in $(seq 200); do [ -e '${bin}/waits' ] && break; sleep 0.1; done` });
    const notes: string[] = [];
    const note = (text: string): void => {
      notes.push(text);
      if (text.includes('waiting')) writeFileSync(join(bin, 'waits'), '');
    };
    const both = await Promise.all([build(note), build(note)]);
    expect(both.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(calls().filter((call) => call.startsWith('build'))).toHaveLength(1);
    expect(notes.toSorted()).toEqual(['another process builds k6: waiting for it', expect.stringContaining('building k6')]);
  });

  it.each([
    ['go.mod', 'require more'],
    ['go.sum', 'x'],
    ['cmd/k6/main.go', 'package other'],
    ['new.go', ''],
  ])('builds anew when %s changes', async (file, text) => {
    fakeGo({});
    const before = await build();
    writeFileSync(join(sources, file), text);
    expect((await build()).path).not.toBe(before.path);
  });

  it('builds anew for another Go, and not for tests or documents', async () => {
    fakeGo({});
    const { path } = await build();
    for (const file of ['a_test.go', 'halfopen.d.ts']) writeFileSync(join(sources, file), 'x');
    expect((await build()).isNew).toBe(false);
    fakeGo({ version: 'go1.27.0' });
    expect((await build()).path).not.toBe(path);
  });

  it('leaves nothing behind where the build fails, and quotes it', async () => {
    fakeGo({ build: 'echo "a.go:1: planted trouble" >&2; exit 1' });
    const failed = build();
    await expect(failed).rejects.toThrow(HarnessError);
    await expect(failed).rejects.toThrow(/planted trouble/);
    expect(newestBuilt(sourceKey(sources), env)).toBeNull();
    fakeGo({});
    expect((await build()).isNew).toBe(true);
  });

  it('does not keep a program that is no k6 of ours', async () => {
    fakeGo({ makes: 'k6 v2.2.0 (go1.26.8, linux/amd64)' });
    await expect(build()).rejects.toThrow(/k6\/x\/halfopen/);
    expect(newestBuilt(sourceKey(sources), env)).toBeNull();
  });

  it('is given up on a signal, with what Go has started', async () => {
    fakeGo({ build: `echo $$ > '${bin}/pid'; sleep 60` });
    const controller = new AbortController();
    const given = build(() => undefined, controller.signal);
    await eventually('Go builds', 20_000, () => existsSync(join(bin, 'pid')) && readFileSync(join(bin, 'pid'), 'utf8').endsWith('\n'));
    const pid = Number(readFileSync(join(bin, 'pid'), 'utf8'));
    controller.abort(new Error('stopped'));
    await expect(given).rejects.toThrow('stopped');
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(newestBuilt(sourceKey(sources), env)).toBeNull();
  });

  it('keeps the newest few', async () => {
    fakeGo({});
    const { path } = await build();
    for (let old = 1; old <= 6; old++) {
      const other = builtPath('0123456789abcdef', `go1.${old}.0`, env);
      cpSync(dirname(path), dirname(other), { recursive: true });
      utimesSync(other, old, old);
    }
    forgetOldBuilds(env);
    expect(readdirSync(cacheFolder(env)).length).toBe(4);
    expect(existsSync(path)).toBe(true);
  });
});

describe('without a Go that can build it', () => {
  it('a machine without Go is told what to do', async () => {
    env['PATH'] = bin;
    const failed = build();
    await expect(failed).rejects.toThrow(UsageError);
    await expect(failed).rejects.toThrow(/Go must be on PATH.*install Go 1\.25.*config\.k6\.executable.*--load builtin/s);
  });

  it('so is one with an old Go, or one that does not work', async () => {
    fakeGo({ version: 'go1.24.9' });
    await expect(goVersionAt(sources, env)).rejects.toThrow(/must be 1\.25 or newer: current value is go1\.24\.9/);
    program(join(bin, 'go'), 'echo "go: go.mod requires go >= 1.25.0 (running go 1.22.1; GOTOOLCHAIN=local)" >&2; exit 1');
    await expect(goVersionAt(sources, env)).rejects.toThrow(/requires go >= 1\.25\.0.*install Go 1\.25/s);
  });

  it('a package without the sources says so', async () => {
    rmSync(join(sources, 'go.mod'));
    await expect(build()).rejects.toThrow(HarnessError);
  });
});

describe('lockFile', () => {
  it('waits for one who lives, and takes over from one who has died', async () => {
    const path = join(folder, 'lock');
    const { signal } = new AbortController();
    const first = await lockFile(path, signal, () => undefined);
    let isMine = false;
    const second = lockFile(path, signal, () => undefined).then((lock) => {
      isMine = true;
      return lock;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isMine).toBe(false);
    first[Symbol.dispose]();
    (await second)[Symbol.dispose]();
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, '');
    utimesSync(path, 1, 1);
    (await lockFile(path, signal, () => expect.fail('nobody lives')))[Symbol.dispose]();
  });
});

describe('findK6 and checkK6', () => {
  it('take the one that is named, by path or from PATH', async () => {
    const path = k6Saying(OURS);
    expect(await findK6({ executable: path }, env)).toBe(path);
    expect(await findK6({ executable: 'some-k6' }, env)).toBe(path);
    expect(await checkK6(path)).toEqual({ path, version: 'v2.2.0', major: 2, hasExtension: true });
  });

  it.each(['/nowhere/k6', 'no-such-k6', tmpdir()])('refuse %s, which is no program', async (executable) => {
    await expect(findK6({ executable }, env)).rejects.toThrow(UsageError);
  });

  it('find what was built from these sources, by whatever Go', async () => {
    expect(await findK6({}, env)).toBeNull();
    const path = builtPath(sourceKey(extensionFolder()), 'go1.30.0', env);
    mkdirSync(dirname(path), { recursive: true });
    program(path, 'true');
    expect(await findK6({}, env)).toBe(path);
  });

  it.each([
    ['another major', 'k6 v1.8.1 (commit/abc, go1.24.2, linux/amd64)', /must be of major 2 .*current value is v1\.8\.1.*halfopen k6 build/],
    ['one without the extension', 'k6 v2.3.0 (go1.26.8, linux/amd64)', /without it.*halfopen k6 build/],
    ['what is no k6', 'hello', /must be a k6/],
  ])('refuse %s', async (_, text, message) => {
    const failed = checkK6(k6Saying(text));
    await expect(failed).rejects.toThrow(UsageError);
    await expect(failed).rejects.toThrow(message);
  });

  it('refuse a program that does not answer', async () => {
    await expect(readK6(program(join(bin, 'broken'), 'exit 3'))).rejects.toThrow(UsageError);
  });
});
