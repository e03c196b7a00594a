/** Goal: what stands between halfopen and `docker compose` is told in words: none there, an old one, one that finds the files wrong or never ends. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { bringUp, readCompose, type ComposeCall } from '../../harness/run/environments/compose/docker-compose.ts';

const folder = mkdtempSync(join(tmpdir(), 'halfopen-fake-docker-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A call that finds this script for `docker`; without one, none. */
function callWith(script: string | null, extra: Partial<ComposeCall> = {}): ComposeCall {
  const bin = mkdtempSync(join(folder, 'bin-'));
  if (script !== null) {
    writeFileSync(join(bin, 'docker'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, 'docker'), 0o755);
  }
  return { folder, files: ['/a file.yml'], profiles: [], env: { PATH: script === null ? bin : `${bin}:/usr/bin:/bin` }, ...extra };
}

it('hands files, profiles and what is merged last to compose as they are', async () => {
  const script = 'for word in "$@"; do echo "arg=$word" >&2; done; echo "stdin=$(cat)" >&2; exit 1';
  const call = callWith(script, { profiles: ['a b', "it's"], project: 'p', last: 'services: {$x: 1}\n' });
  await expect(bringUp(call, ['web'])).rejects.toMatchObject({
    name: 'ComposeFailure',
    said: [
      ...'compose --ansi never --progress plain --project-directory'.split(' '),
      folder,
      ...'--project-name p --file'.split(' '),
      '/a file.yml',
      ...'--file - --profile'.split(' '),
      'a b',
      '--profile',
      "it's",
      ...'up --detach web'.split(' '),
    ]
      .map((word) => `arg=${word}`)
      .concat('stdin=services: {$x: 1}')
      .join('\n'),
  });
});

it.each([
  ['there is no docker', null, 'HarnessError', /docker compose does not run: .*docker.*install Docker's compose plugin, 2\.24\.4 or newer/],
  [
    'docker has no compose',
    `echo "docker: 'compose' is not a docker command." >&2; exit 1`,
    'HarnessError',
    /is not a docker command\..*way out/,
  ],
  [
    'compose is old',
    `case "$*" in *version*) echo 2.20.3;; *) echo "no such tag" >&2; exit 15;; esac`,
    'HarnessError',
    /must be 2\.24\.4 or newer: current version is 2\.20\.3/,
  ],
  [
    'the files are wrong',
    `case "$*" in *version*) echo v2.26.1-4;; *) echo "services must be a mapping" >&2; exit 15;; esac`,
    'UsageError',
    /\/a file\.yml: docker compose says\n {2}services must be a mapping/,
  ],
])('says it when %s', async (_, script, name, said) => {
  await expect(readCompose(callWith(script))).rejects.toMatchObject({ name, message: expect.stringMatching(said) as string });
});

it('hands on what compose warns of', async () => {
  const script = `echo 'time="x" level=warning msg="The \\"FOO\\" variable is not set."' >&2; echo '{"name":"n","services":{}}'`;
  expect(await readCompose(callWith(script))).toMatchObject({ project: { name: 'n' }, warnings: ['The "FOO" variable is not set.'] });
});

it('ends with the run that it belongs to', async () => {
  const abort = new AbortController();
  const up = bringUp(callWith('sleep 30', { signal: abort.signal }), []);
  setTimeout(() => abort.abort(new Error('stop')), 300);
  const begun = performance.now();
  await expect(up).rejects.toThrow('stop');
  expect(performance.now() - begun).toBeLessThan(10_000);
});
