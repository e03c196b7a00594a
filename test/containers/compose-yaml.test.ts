/** Goal: what compose reads back of a file that we write is what was meant, whatever is in its texts. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { readComposeProject } from '../../harness/compose/resolved.ts';
import { mapping, writeYaml } from '../../harness/compose/yaml.ts';
import { describeWithEngine } from './engine-at-hand.ts';

const folder = mkdtempSync(join(tmpdir(), 'halfopen-yaml-'));

const NASTY = [
  'yes',
  'No',
  'null',
  '~',
  '012',
  '1e3',
  '1_000',
  '0x1f',
  '12:30:45',
  '2026-01-01',
  '.inf',
  '=',
  '<<',
  '',
  ' ',
  ' a ',
  'a: b',
  'a #b',
  '- a',
  '? a',
  '! a',
  '&a',
  '*a',
  '%a',
  '@a',
  '`a',
  "it's",
  '"q"',
  '\\',
  'tab\tnew\nline\r',
  '${HOME}',
  '$HOME',
  '$$',
  '$',
  '${',
  '}',
  '{{.A}}',
  'a,b',
  '[a]',
  '{a}',
  'ü',
  '🙂',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\u007f',
  '\u0001',
  'postgres://u:p$w@h:1/d?x=y&z#f',
];

function readBack(values: readonly string[]): readonly string[] {
  const environment = mapping(Object.fromEntries(values.map((value, index) => [`V${index}`, value])));
  const file = join(folder, 'compose.yml');
  const config = mapping({ c: mapping({ content: { literal: `${JSON.stringify({ cost: '$5 ${x}' })}\n` } }) });
  writeFileSync(
    file,
    writeYaml(
      mapping({ services: mapping({ s: mapping({ image: 'x', command: [...values], environment, configs: ['c'] }) }), configs: config }),
    ),
  );
  const printed = execFileSync('docker', ['compose', '-f', file, 'config', '--format', 'json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const project = readComposeProject(printed);
  expect(project.configs['c']).toBe('{"cost":"$5 ${x}"}\n');
  const { command } = (JSON.parse(printed) as { services: { s: { command: readonly string[] } } }).services.s;
  expect(command.map((word) => word.replaceAll('$$', '$'))).toEqual(values);
  return values.map((_, index) => project.services['s']?.environment[`V${index}`] ?? '');
}

describeWithEngine('compose reads back', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([[NASTY]])('texts that YAML or compose could take for something else', (values) => {
    expect(readBack(values)).toEqual(values);
  });

  it('any texts', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => value.isWellFormed() && !value.includes('\0'));
    const property = fc.property(fc.array(text, { minLength: 30, maxLength: 30 }), (values) => {
      expect(readBack(values)).toEqual(values);
    });
    fc.assert(property, { numRuns: 20 });
  });
});
