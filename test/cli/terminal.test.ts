// Goal: on a terminal a block is redrawn in place, in colours unless they are unwanted; `script` (util-linux) lends the terminal.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { fixture, repository, temporaryFolder } from './halfopen.ts';

const SCRIPT = '/usr/bin/script';
const hasTerminal = existsSync(SCRIPT);
if (!hasTerminal && process.env['CI'] === 'true') throw new Error(`${SCRIPT} is needed in CI`);
if (!hasTerminal) console.warn(`LEFT OUT: ${SCRIPT} is not installed, so nothing was tried on a terminal`);

async function onTerminal(args: string, env: Readonly<Record<string, string>>): Promise<string> {
  const command = `stty cols 100 && ${process.execPath} ${join(repository, 'bin/halfopen.js')} ${args}`;
  const own = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TERM: 'xterm-256color', SHELL: '/bin/sh' };
  const { stdout } = await promisify(execFile)(SCRIPT, ['-qec', command, '/dev/null'], { cwd: fixture, env: { ...own, ...env } });
  return stdout;
}

/* oxlint-disable no-control-regex -- escape sequences are what is looked for */
describe.runIf(hasTerminal)('on a terminal', () => {
  test('the block is redrawn with phase, rates and faults, and the verdict is coloured', async () => {
    const screen = await onTerminal(`run holds --output ${temporaryFolder()}`, {});
    expect(screen.match(/\u001b\[\d+A\u001b\[J/g)?.length).toBeGreaterThan(10);
    expect(screen).toMatch(/last second.*m[1-9]\d* ok/);
    expect(screen).toContain('storm in force');
    expect(screen).toContain('\u001b[32m✓ pass holds');
  });

  test('NO_COLOR takes the colours away and leaves the block', async () => {
    const screen = await onTerminal(`run holds --output ${temporaryFolder()}`, { NO_COLOR: '1' });
    expect(screen).toContain('✓ pass holds');
    expect(screen).toMatch(/\u001b\[\d+A\u001b\[J/);
    expect(screen).not.toMatch(/\u001b\[[\d;]*m/);
  });

  test('in CI there are plain lines', async () => {
    const screen = await onTerminal(`run unfelt --output ${temporaryFolder()} ; true`, { CI: 'true' });
    expect(screen).toContain('invalid unfelt');
    expect(screen).toMatch(/phase .*recovery/);
    expect(screen).not.toMatch(/\u001b\[\d*[AJ]/);
  });
});
