// Goal: what a load driver needs is looked for once before a suite, not again before each of its runs.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { halfopen, temporaryFolder } from './halfopen.ts';

/** A k6 that says that it can do everything, and keeps account of what it is asked; it runs nothing. */
const STAND_IN = `#!/bin/sh
echo "$1" >> "$(dirname "$0")/asked"
[ "$1" = version ] || exit 1
printf 'k6 v2.2.0\\nExtensions:\\n  halfopen (devel), halfopen [output]\\n  halfopen (devel), k6/x/halfopen [js]\\n'
`;

test('two runs look for k6 once, and each asks the one that it starts', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'k6'), STAND_IN, { mode: 0o755 });
  const args = ['run', 'holds', '--load', 'k6', '--pace', 'fast', '--repeat', '2', '--output', join(folder, 'reports')];
  const env = { PATH: `${folder}${delimiter}${process.env['PATH'] ?? ''}`, XDG_CACHE_HOME: folder };
  const { code, stderr } = await halfopen(args, { env });
  expect(code, stderr).toBe(3);
  expect(existsSync(join(folder, 'asked'))).toBe(true);
  const asked = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
  expect(asked).toEqual(['version', 'version', 'run', 'version', 'run']);
});
