// Goal: what is published works for somebody else: packed, installed in an empty folder outside the repository, begun with `init` on an old
// Node, run, type-checked, and run again inside their own `vitest run`.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../harness/model/outcome.ts';
import { eventually, readJson, repository } from '../cli/halfopen.ts';

const INSTALL_MS = 240_000;

/** The machine's own programs: the repository's Node is not among them. */
const path = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
const env = Object.fromEntries(
  Object.entries({ ...process.env, PATH: path }).filter(([name]) => !/^(npm_|VITEST|NODE_|CI$|HALFOPEN_)/.test(name)),
);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function command(program: string, args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(program, [...args], { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, stdout, stderr });
    });
  });
}

function hasRegistry(): boolean {
  try {
    execFileSync('npm', ['view', 'commander', 'version'], { env, timeout: 30_000, stdio: 'pipe' });
    return true;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.warn(`LEFT OUT: the installed package was not tried, as npm reaches no registry: ${(error as Error).message}`);
    return false;
  }
}

/** What is read of GET /halfopen/state. */
interface State {
  readonly server: { readonly workersReady: number };
  readonly proxies: readonly { readonly counters: { readonly accepted: number } }[];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Sends a text over a connection of its own; answers what comes back until it ends. */
async function echo(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(text);
  let received = '';
  socket.on('data', (data: Buffer) => (received += data.toString()));
  await once(socket, 'close');
  return received;
}

describe.runIf(hasRegistry())('the package, installed in an empty folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'halfopen-package-'));
  const project = join(folder, 'project');
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  beforeAll(async () => {
    execFileSync(process.execPath, ['scripts/build.ts'], { cwd: repository, stdio: 'pipe' });
    const packed = await command('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], repository);
    const name = /halfopen-[\w.-]+\.tgz/.exec(packed.stdout)?.[0] ?? '';
    execFileSync('mkdir', [project]);
    const installed = await command('npm', ['install', '--save-dev', '--prefer-offline', join(folder, name)], project);
    if (installed.code !== 0) throw new Error(installed.stderr);
  }, INSTALL_MS);

  test('holds what is published and nothing of the repository besides', () => {
    const own = join(project, 'node_modules/halfopen');
    const published = [
      'bin/halfopen.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
      'dist/vitest/index.js',
      'dist/proxy/index.d.ts',
      'dist/playwright/index.d.ts',
      'dist/run/load/k6/extension/go.mod',
    ];
    for (const file of [...published, 'schema/outcome.schema.json', 'schema/proxy-api.openapi.json']) {
      expect(existsSync(join(own, file)), file).toBe(true);
    }
    for (const file of ['harness', 'test', 'fixtures', 'scenarios', 'node_modules']) expect(existsSync(join(own, file)), file).toBe(false);
  });

  test(
    'init begins a project on the Node of the machine, and its example runs and passes',
    async () => {
      const begun = await command('npx', ['halfopen', 'init', '--yes'], project);
      expect(begun.code, begun.stderr).toBe(0);
      expect(begun.stdout).toContain('scenarios/backend-outage.chaos.ts');
      const installed = await command('npm', ['install', '--prefer-offline'], project);
      expect(installed.code, installed.stderr).toBe(0);

      const { code, stdout, stderr } = await command('npx', ['halfopen', 'run'], project);
      expect([0, 4], `${stdout}\n${stderr}`).toContain(code);
      const { scenarios } = readJson(join(project, 'reports/outcome.json')) as Outcome;
      expect(scenarios.map(({ name }) => name)).toEqual(['backend-outage']);
      // A busy machine may make findings about time inconclusive; what has no time in it has held.
      expect(scenarios[0]?.findings.filter(({ verdict }) => verdict === 'fail')).toEqual([]);
      expect(scenarios[0]?.findings.find(({ check }) => check === 'visits')?.verdict).toBe('pass');
      expect(readFileSync(join(project, 'reports/report.html'), 'utf8')).toContain('backend-outage');
    },
    INSTALL_MS,
  );

  test('init overwrites nothing', async () => {
    writeFileSync(join(project, 'services/backend.mjs'), '// mine\n');
    const { code, stdout } = await command('npx', ['halfopen', 'init', '--yes'], project);
    expect(code).toBe(0);
    expect(stdout).toContain('left alone services/backend.mjs');
    expect(readFileSync(join(project, 'services/backend.mjs'), 'utf8')).toBe('// mine\n');
  });

  test('its types know the names of a system: what is misspelt does not compile', async () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2024',
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
      types: [],
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['scenarios'] }));
    const node = join(project, 'node_modules/node/bin/node');
    const tsc = [join(repository, 'node_modules/typescript/bin/tsc'), '-p', '.', '--pretty', 'false'];
    const proxy = `import { startProxy, type FaultProxy } from 'halfopen/proxy';\nexport const faults: Promise<FaultProxy> = startProxy();\n`;
    writeFileSync(join(project, 'scenarios/faults.ts'), proxy);
    const right = await command(node, tsc, project);
    rmSync(join(project, 'scenarios/faults.ts'));
    expect(right.stdout).toBe('');
    const scenario = join(project, 'scenarios/backend-outage.chaos.ts');
    writeFileSync(
      join(project, 'scenarios/wrong.ts'),
      readFileSync(scenario, 'utf8').replace("httpStatus('web->backend'", "httpStatus('web->bakcend'"),
    );
    const wrong = await command(node, tsc, project);
    rmSync(join(project, 'scenarios/wrong.ts'));
    expect(wrong.stdout).toMatch(/wrong\.ts.*web->bakcend/s);
  });

  test('halfopen/proxy injects a fault into a script of theirs, and knows its own document', async () => {
    const script = `
      import { createServer } from 'node:http';
      import { once } from 'node:events';
      import { startProxy } from 'halfopen/proxy';
      import document from 'halfopen/proxy-api.openapi.json' with { type: 'json' };
      const callee = createServer((_, response) => response.end('paid')).listen(0, '127.0.0.1');
      await once(callee, 'listening');
      const statuses = [];
      {
        await using faults = await startProxy({ seed: 7 });
        const payments = await faults.http({ upstream: 'http://127.0.0.1:' + callee.address().port });
        await using storm = await payments.inject({ kind: 'status', status: 503 }, { first: 2 });
        for (let attempt = 0; attempt < 3; attempt++) statuses.push((await fetch(payments.url)).status);
        statuses.push(await storm.touched());
      }
      callee.close();
      console.log(JSON.stringify([statuses, document.info.title]));`;
    writeFileSync(join(project, 'faults.mjs'), script);
    const { stdout, stderr } = await command(join(project, 'node_modules/node/bin/node'), ['faults.mjs'], project);
    expect([stdout.trim(), stderr]).toEqual([expect.stringMatching(/^\[\[503,503,200,2\],".+"\]$/), '']);
  });

  test('halfopen proxy carries connections in two processes, and SIGTERM ends them both', async () => {
    await using stack = new AsyncDisposableStack();
    const callee = createServer((socket) => socket.pipe(socket).on('error', () => socket.destroy())).listen(0, '127.0.0.1');
    stack.defer(() => void callee.close());
    await once(callee, 'listening');
    // A process group of its own: while one of its processes lives, a signal can be sent to it.
    const launcher = join(project, 'node_modules/.bin/halfopen');
    const child = spawn(launcher, ['proxy', '--workers', '1', '--port', '0'], { cwd: project, env, detached: true, stdio: 'pipe' });
    const group = -(child.pid ?? 0);
    stack.defer(() => void (isAlive(group) && process.kill(group, 'SIGKILL')));
    let printed = '';
    child.stdout.on('data', (text: Buffer) => (printed += text.toString()));
    child.stderr.on('data', (text: Buffer) => (printed += text.toString()));
    await eventually('the start', 20_000, () => printed.includes('Ctrl-C ends it'));
    const url = /http:\/\/[\d.:]+/.exec(printed)?.[0] ?? '';
    const upstream = `127.0.0.1:${(callee.address() as AddressInfo).port}`;
    const made = await fetch(`${url}/proxies`, { method: 'POST', body: JSON.stringify({ name: 'p', listen: '127.0.0.1:0', upstream }) });
    const port = Number(((await made.json()) as { readonly listen: string }).listen.split(':')[1]);
    const state = async (): Promise<State> => (await (await fetch(`${url}/halfopen/state`)).json()) as State;
    await eventually('the worker', 20_000, async () => (await state()).server.workersReady === 1);
    expect(await Promise.all(Array.from({ length: 50 }, (_, index) => echo(port, `${index}`)))).toEqual(
      Array.from({ length: 50 }, (_, index) => `${index}`),
    );
    expect((await state()).proxies[0]?.counters.accepted).toBe(50);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    await eventually('the end of both', 10_000, () => !isAlive(group));
  });

  test(
    'halfopen/vitest runs a scenario inside their own vitest',
    async () => {
      symlinkSync(join(repository, 'node_modules/vitest'), join(project, 'node_modules/vitest'));
      rmSync(join(project, 'services/backend.mjs'));
      await command('npx', ['halfopen', 'init', '--yes'], project);
      const lines = [
        `import { runChaos } from 'halfopen/vitest';`,
        `import { expect, test } from 'vitest';`,
        `import backendOutage from './scenarios/backend-outage.chaos.ts';`,
        `test('the breaker opens', { timeout: 60_000 }, async () => {`,
        `  expect(await runChaos(backendOutage)).toHaveFound({ check: 'visits', verdict: 'pass' });`,
        `});`,
      ];
      writeFileSync(join(project, 'chaos.test.ts'), lines.join('\n'));
      const node = join(project, 'node_modules/node/bin/node');
      const { code, stdout, stderr } = await command(node, ['node_modules/vitest/vitest.mjs', 'run'], project);
      expect(code, `${stdout}\n${stderr}`).toBe(0);
      expect(stdout).toContain('1 passed');
    },
    INSTALL_MS,
  );
});
