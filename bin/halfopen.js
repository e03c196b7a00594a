#!/usr/bin/env node
// Plain JavaScript that runs on Node 18: it finds a Node that halfopen can run on, and hands everything over to it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJOR_NEEDED = 24;
const HARNESS_TROUBLE = 3;

const packageFolder = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const source = join(packageFolder, 'harness', 'cli', 'main.ts');
const built = join(packageFolder, 'dist', 'cli', 'main.js');
// In the repository scenarios and command line share the sources; an installed package has only what was built of them.
const isRepository = existsSync(source);

if (!isRepository && !existsSync(built)) {
  give(`halfopen: ${built} is missing, so this copy was not built. Run: npm run build`);
} else if (!isRepository && majorOf(process.versions.node) >= MAJOR_NEEDED) {
  await import('../dist/cli/main.js');
} else {
  const node = findNode();
  if (node !== undefined) handOver(node, isRepository ? ['--conditions=halfopen-source'] : [], isRepository ? source : built);
  else if (process.argv[2] === 'init' && !isRepository) {
    // It is this command that adds the Node which the others need.
    const { initAlone } = await import('../dist/cli/init-alone.js');
    process.exitCode = await initAlone(process.argv.slice(3));
  } else give(`halfopen needs Node ${MAJOR_NEEDED} or newer; this is ${process.versions.node}. Run: npm i -D node@${MAJOR_NEEDED}`);
}

function give(message) {
  process.stderr.write(`${message}\n`);
  process.exitCode = HARNESS_TROUBLE;
}

function majorOf(version) {
  return Number(version.split('.')[0]);
}

/** This Node if it is new enough, else the `node` package of the folder that one is in, or of this package's. */
function findNode() {
  if (majorOf(process.versions.node) >= MAJOR_NEEDED) return process.execPath;
  return [...upwards(process.cwd()), ...upwards(packageFolder)]
    .flatMap((folder) => [join(folder, 'node_modules', 'node', 'bin', 'node'), join(folder, 'node_modules', '.bin', 'node')])
    .find((path) => existsSync(path) && isNewEnough(path));
}

function upwards(folder) {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...upwards(parent)];
}

function isNewEnough(path) {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  return status === 0 && majorOf(stdout.trim().replace(/^v/, '')) >= MAJOR_NEEDED;
}

function handOver(node, conditions, entry) {
  const args = ['--disable-warning=ExperimentalWarning', ...conditions, entry, ...process.argv.slice(2)];
  // The fourth descriptor is a lifeline: it closes when this process is killed, and the other one then ends at once.
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env: { ...process.env, HALFOPEN_LIFELINE: '3' } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => give(`halfopen: cannot start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 128 + constants.signals[signal];
    child.stdio[3].destroy();
  });
  child.stdio[3].on('error', () => child.stdio[3].destroy());
}
