import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { HarnessError, UsageError } from '../model/problem.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import type { Command, CommandCall } from './contract.ts';
import { extendManifest, type ManifestChange } from './init/manifest.ts';
import { backendOutage, config, exampleSystem } from './init/scenarios.ts';
import { backendService, webService } from './init/services.ts';
import { gitignore, workflow } from './init/workflow.ts';
import { ownVersion } from './version.ts';

export const init: Command = {
  name: 'init',
  parameters: '[dir]',
  summary: 'write a configuration, a two-service example with its scenario, and a CI workflow; nothing is overwritten',
  flags: [{ flags: '-y, --yes', description: 'do not ask' }],
  examples: [
    ['init', 'here, after asking'],
    ['init --yes chaos', 'in the folder chaos, at once'],
  ],
  run: initCommand,
};

async function initCommand({ args, options }: CommandCall): Promise<number> {
  const folder = resolve(args[0] ?? '.');
  const manifestPath = join(folder, 'package.json');
  const before = existsSync(manifestPath) ? readFileSync(manifestPath, 'utf8') : null;
  const change = extendManifest(before, basename(folder), ownVersion());
  const files = filesFor(change);
  const fresh = Object.keys(files).filter((path) => !existsSync(join(folder, path)));
  if (options['yes'] !== true && !(await isAgreed(folder, [...(change.added.length > 0 ? ['package.json'] : []), ...fresh]))) {
    process.stdout.write('Nothing was written.\n');
    return EXIT_CODES.pass;
  }
  if (change.added.length > 0) write(manifestPath, change.text, 'w');
  // A file that came meanwhile is not overwritten either.
  for (const path of fresh) write(join(folder, path), files[path] ?? '', 'wx');
  process.stdout.write(
    summary({ folder, isNew: before === null, change, fresh, kept: Object.keys(files).filter((path) => !fresh.includes(path)) }),
  );
  return EXIT_CODES.pass;
}

/** A package of CommonJS keeps its kind: the scenarios' folder gets its own, and the rest says it by its file's name. */
function filesFor({ isModule }: ManifestChange): Readonly<Record<string, string>> {
  return {
    [isModule ? 'halfopen.config.ts' : 'halfopen.config.mjs']: config,
    ...(isModule ? {} : { 'scenarios/package.json': '{ "type": "module" }\n' }),
    'scenarios/example.system.ts': exampleSystem,
    'scenarios/backend-outage.chaos.ts': backendOutage,
    'services/web.mjs': webService,
    'services/backend.mjs': backendService,
    '.github/workflows/chaos.yml': workflow,
    '.gitignore': gitignore,
  };
}

async function isAgreed(folder: string, paths: readonly string[]): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stdout.isTTY)
    throw new UsageError('Cannot ask whether to write files as this is no terminal: add --yes');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await terminal.question(`This writes into ${folder}:\n${paths.map((path) => `  ${path}\n`).join('')}Go on? [Y/n] `);
    return /^(?:y|yes)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

function write(path: string, text: string, flag: 'w' | 'wx'): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag });
  } catch (cause) {
    throw new HarnessError(`Cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
}

interface Summary {
  readonly folder: string;
  readonly isNew: boolean;
  readonly change: ManifestChange;
  readonly fresh: readonly string[];
  readonly kept: readonly string[];
}

function summary({ folder, isNew, change, fresh, kept }: Summary): string {
  const manifest = change.added.length === 0 ? [] : [isNew ? 'package.json' : `package.json (added ${change.added.join(', ')})`];
  const steps = [...(folder === process.cwd() ? [] : [`cd ${folder}`]), 'npm i', 'npx halfopen run'];
  return [
    ...[...manifest, ...fresh].map((path) => `  wrote ${path}`),
    ...kept.map((path) => `  left alone ${path}: it exists`),
    '',
    'Next:',
    ...steps.map((step) => `  ${step}`),
    '',
    'Then make it yours: describe your services in a *.system.ts, and what you believe of them in a *.chaos.ts.',
    '',
  ].join('\n');
}
