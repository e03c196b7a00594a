/**
 * Goal: what the documents show works. Every TypeScript example is type-checked and run against the package under its public name, and every
 * command in a shell example is one that the command line knows.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { backendOutage, exampleSystem } from '../harness/cli/init/scenarios.ts';
import { startProxyServer } from '../harness/run/proxy/server.ts';
import { root, sourceOf } from './architecture/source.ts';
import { allExamples, docstringExamples, DOCUMENTS, exportedFunctions, fencedExamples, type Example } from './docs/examples.ts';

const examples = allExamples();
const folder = mkdtempSync(join(tmpdir(), 'halfopen-docs-'));

/** Imports each file it is given and prints one JSON line for each that throws. */
const RUNNER = `
for (const url of process.argv.slice(2)) {
  try { await import(url); } catch (error) { process.stderr.write(JSON.stringify({ url, message: String(error?.stack ?? error) }) + '\\n'); }
}
process.exit(0);
`;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runNode(args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...args], { cwd, timeout: 60_000, maxBuffer: 1 << 24 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1, stdout, stderr }),
    );
  });
}

/** A project of somebody who installed halfopen: only the packages that the examples mention. */
function writeProject(into: string, list: readonly Example[]): void {
  for (const name of ['opossum', 'zod', 'vitest', 'toxiproxy-node-client', 'playwright-core', '@types']) {
    mkdirSync(join(into, 'node_modules'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(into, 'node_modules', name));
  }
  symlinkSync(root, join(into, 'node_modules', 'halfopen'));
  writeFileSync(join(into, 'package.json'), '{ "type": "module", "private": true }\n');
  writeFileSync(join(into, 'runner.mjs'), RUNNER);
  const compilerOptions = { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] };
  const own = {
    customConditions: ['halfopen-source'],
    allowImportingTsExtensions: true,
    verbatimModuleSyntax: true,
    lib: ['es2024', 'esnext.disposable', 'dom'],
  };
  writeFileSync(join(into, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...compilerOptions, ...own }, include: ['**/*.ts'] }));
  for (const example of list) writeExample(into, example);
}

function writeExample(into: string, { folder: group, file, code }: Example): void {
  const path = join(into, group, file);
  mkdirSync(dirname(path), { recursive: true });
  // A block without imports would be a script, in which two blocks' names clash.
  writeFileSync(path, `${code}\nexport {};\n`);
}

async function run(into: string, list: readonly Example[]): Promise<string[]> {
  const places = new Map(list.map((example) => [pathToFileURL(join(into, example.folder, example.file)).href, example.place]));
  const { code, stderr } = await runNode(
    ['--conditions=halfopen-source', '--disable-warning=ExperimentalWarning', 'runner.mjs', ...places.keys()],
    into,
  );
  const failures = stderr.split('\n').flatMap((line) => {
    if (!line.startsWith('{"url"')) return [];
    const { url, message } = JSON.parse(line) as { readonly url: string; readonly message: string };
    return [`${places.get(url) ?? url}: ${message}`];
  });
  return code === 0 ? failures : [...failures, `the runner ended with ${code}: ${stderr}`];
}

async function compile(into: string, list: readonly Example[]): Promise<string[]> {
  const { code, stdout } = await runNode([join(root, 'node_modules/typescript/bin/tsc'), '-p', '.', '--pretty', 'false'], into);
  if (code === 0) return [];
  const places = new Map(list.map((example) => [`${example.folder}/${example.file}`, example.place]));
  const own = stdout.split('\n').filter((line) => /error TS/.test(line));
  return own.map((line) => line.replace(/^([^(]+)\(/, (_, path: string) => `${places.get(path) ?? path} (`));
}

describe('examples', () => {
  beforeAll(() => writeProject(folder, examples));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('were found: in README, and above the public functions', () => {
    expect(examples.filter(({ place }) => place.startsWith('README')).length).toBeGreaterThanOrEqual(5);
    expect(examples.filter(({ folder: kind }) => kind === 'docstrings').length).toBeGreaterThan(30);
    const text = readFileSync(`${root}README.md`, 'utf8');
    expect(text.match(/^```ts/gm)?.length).toBe(examples.filter(({ place }) => place.startsWith('README')).length);
    expect(new Set(examples.map((example) => `${example.folder}/${example.file}`)).size).toBe(examples.length);
  });

  it('of a scenario are those that init writes and its test runs', () => {
    const shown = (file: string): string | undefined => examples.find((example) => example.file === file)?.code;
    expect(shown('scenarios/example.system.ts')).toBe(`// scenarios/example.system.ts\n${exampleSystem}`);
    expect(shown('scenarios/backend-outage.chaos.ts')).toBe(`// scenarios/backend-outage.chaos.ts\n${backendOutage}`);
  });

  it('compile', async () => {
    expect(await compile(folder, examples)).toEqual([]);
  });

  it('compile for somebody whose names are optional and whose tsconfig knows no exactOptionalPropertyTypes', async () => {
    const code = `
      import { availability, backoff, blackhole, defineScenario, fallback, get, latencyWithin, openLoad, readinessTruth, recovery, retries } from 'halfopen';
      import { example } from '../readme-md/scenarios/example.system.ts';
      export default defineScenario(example, {
        title: 'Names that may be left out',
        load: openLoad({ ratePerSecond: 10, requests: [get('a', '/a'), get('b', '/b')] }),
        baseline: '2s',
        faults: [{ name: 'cut', inject: blackhole('web->backend'), from: '0s', for: '2s' }],
        recovery: '4s',
        expect: [
          availability({ during: 'cut', min: 0.5 }),
          latencyWithin({ during: 'baseline', quantile: 0.5, maxMs: 100 }),
          recovery({ of: 'cut', within: '2s', availability: 0.9, p95Ms: 200, holdFor: '1s' }),
          retries({ edge: 'web->backend', amplificationMax: 2 }),
          backoff({ edge: 'web->backend', firstMin: '10ms' }),
          fallback({ request: 'a', during: 'cut', stalenessMax: '3s' }),
          readinessTruth({ service: 'backend' }),
          // @ts-expect-error a name that does not exist is refused here too
          readinessTruth({ service: 'backend', of: 'cot' }),
        ],
      });`;
    const own: Example = { place: 'optional names', folder: 'planted', file: 'optional.ts', code, isRun: false };
    writeExample(folder, own);
    expect(await compile(folder, [own])).toEqual([]);
  });

  it('run', async () => {
    const list = examples.filter(({ isRun }) => isRun);
    expect(list.length).toBeGreaterThan(30);
    expect(await run(folder, list)).toEqual([]);
  });

  it('that are wrong are told with their place', async () => {
    const text = [
      'Text',
      '```ts',
      `import assert from 'node:assert/strict';`,
      'assert.equal(1, 2);',
      '```',
      '```ts compile',
      `const x: number = 'text';`,
      '```',
      '```ts',
      '// a/b.ts',
      'export const y = 1;',
      '```',
      '```ts',
      `import { y } from './a/b.ts';`,
      `if (y !== 1) throw new Error('unreachable');`,
      '```',
    ].join('\n');
    const docstring = ['/**', ' * Says.', ' *', ' * @example', ' * ```ts', ` * import 'no-such-package';`, ' * ```', ' */'].join('\n');
    const list = [...fencedExamples('PLANTED.md', text), ...docstringExamples('planted.ts', docstring)];
    expect(list.map(({ place, isRun }) => [place, isRun])).toEqual([
      ['PLANTED.md:3', true],
      ['PLANTED.md:7', false],
      ['PLANTED.md:10', true],
      ['PLANTED.md:14', true],
      ['harness/planted.ts:6', true],
    ]);
    const planted = mkdtempSync(join(tmpdir(), 'halfopen-docs-'));
    try {
      writeProject(planted, list);
      const failures = await run(
        planted,
        list.filter(({ isRun }) => isRun),
      );
      expect(failures.map((line) => line.split(': ')[0])).toEqual(['PLANTED.md:3', 'harness/planted.ts:6']);
      const errors = await compile(planted, list);
      expect(errors.map((line) => line.split(' ')[0] ?? '').toSorted()).toEqual(['PLANTED.md:7', 'harness/planted.ts:6']);
    } finally {
      rmSync(planted, { recursive: true, force: true });
    }
  });
});

/** What a run needs is no example: README shows these in their place. */
const WITHOUT_EXAMPLE = ['planScenario', 'reanalyze', 'runScenario'];

it('every public function has a summary and an example', () => {
  const doors = ['index.ts', 'proxy/index.ts'].map((path) => sourceOf(path, readFileSync(`${root}harness/${path}`, 'utf8')));
  const publicNames = new Set(doors.flatMap(({ text }) => [...text.matchAll(/\b([a-z]\w+)\b(?=[^}]*\} from)/g)].map(([, name]) => name)));
  const functions = doors
    .flatMap(({ imports }) => imports)
    .filter(({ typeOnly }) => !typeOnly)
    .flatMap(({ target }) => exportedFunctions(target, readFileSync(`${root}harness/${target}`, 'utf8')))
    .filter(({ name }) => publicNames.has(name));
  expect(functions.length).toBeGreaterThan(30);
  expect(functions.map(({ name }) => name)).toContain('startProxy');
  expect(functions.filter(({ comment }) => !/^\/\*\*\s*(\*\s*)?[A-Z]/.test(comment)).map(({ name }) => name)).toEqual([]);
  const bare = functions.filter(({ name, comment }) => !comment.includes('@example') && !WITHOUT_EXAMPLE.includes(name));
  expect(bare.map(({ name }) => name)).toEqual([]);
});

it('README names every fault, check, probe and load shape that a scenario can be made of', () => {
  const text = readFileSync(`${root}README.md`, 'utf8');
  const places = sourceOf('index.ts', readFileSync(`${root}harness/index.ts`, 'utf8')).imports.map(({ target }) => target);
  const kinds = places.filter((target) => /^(run\/faults|run\/probes|analysis\/checks)\//.test(target));
  expect(kinds.length).toBeGreaterThan(25);
  const names = kinds.map((target) =>
    target.replace(/^.*\/(.*)\.ts$/, '$1').replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  );
  const shown = names.map((name) => (name === 'stdout' ? 'stdoutEvents' : name));
  expect([...shown, 'constant', 'poisson', 'ramp', 'spike'].filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
});

describe('commands in the documents', () => {
  const shell = DOCUMENTS.flatMap((document) => {
    const text = readFileSync(`${root}${document}`, 'utf8');
    return [...text.matchAll(/npx halfopen ([a-z][a-z0-9-]*)([^`#\n]*)/g)].map((match) => ({
      place: `${document}:${lineAt(text, match.index)}`,
      command: match[1] ?? '',
      flags: [...(match[2] ?? '').matchAll(/(?<=\s)(--?[a-z][a-z-]*)/g)].map(([flag]) => flag),
    }));
  });
  const commands = [...new Set(shell.map(({ command }) => command))];

  it('were found', () => {
    expect(commands.length).toBeGreaterThanOrEqual(8);
    expect(shell.flatMap(({ flags }) => flags).length).toBeGreaterThanOrEqual(6);
  });

  it('exist, with the flags that they are shown with', async () => {
    const helps = await Promise.all(commands.map((command) => runNode([`${root}bin/halfopen.js`, command, '--help'], root)));
    const unknown = commands.flatMap((command, index) => {
      const help = helps[index];
      if (help?.code !== 0) return [`halfopen ${command} --help ended with ${help?.code}: ${help?.stderr}`];
      const known = new Set([...help.stdout.matchAll(/(?<=[\s,])(--?[a-z][a-z-]*)/g)].map(([flag]) => flag));
      return shell
        .filter((line) => line.command === command)
        .flatMap(({ place, flags }) => flags.filter((flag) => !known.has(flag)).map((flag) => `${place}: ${command} has no ${flag}`));
    });
    expect(unknown).toEqual([]);
  }, 60_000);

  it('npm scripts exist', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { readonly scripts: Readonly<Record<string, string>> };
    const texts = DOCUMENTS.map((document) => readFileSync(`${root}${document}`, 'utf8')).join('\n');
    const used = [...new Set([...texts.matchAll(/npm run ([a-z:]+)/g)].map(([, name = '']) => name))];
    expect(used.length).toBeGreaterThanOrEqual(3);
    expect(used.filter((name) => scripts[name] === undefined)).toEqual([]);
  });
});

it('links between the documents lead somewhere', () => {
  const links = DOCUMENTS.flatMap((document) =>
    [...readFileSync(`${root}${document}`, 'utf8').matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, target = '', anchor]) => ({
      place: `${document}: ${target}#${anchor ?? ''}`,
      target: target === '' ? document : normalize(join(dirname(document), target)),
      anchor,
    })),
  );
  expect(links.length).toBeGreaterThan(20);
  const dead = links.filter(({ target, anchor }) => {
    const text = readText(target);
    return text === null || (anchor !== undefined && !anchorsOf(text).has(anchor));
  });
  expect(dead.map(({ place }) => place)).toEqual([]);
});

it('a proxy answers every curl command and takes every JSON body that the documents show', async () => {
  await using proxy = await startProxyServer({ port: 0 });
  const url = `http://127.0.0.1:${proxy.port}`;
  const ask = async (place: string, method: string, path: string, body?: string): Promise<string[]> => {
    const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body }) });
    if (!response.ok) return [`${place}: ${response.status} ${(await response.text()).trim()}`];
    // The stream of the taps has no end.
    await response.body?.cancel();
    return [];
  };
  const failures: string[] = [];
  let asked = 0;
  for (const document of DOCUMENTS.filter((name) => name.startsWith('docs/'))) {
    for (const { place, method, path, body } of apiCalls(document)) {
      failures.push(...(await ask(place, method, path, body)));
      asked++;
    }
  }
  expect(failures).toEqual([]);
  expect(asked).toBeGreaterThan(30);
});

it('files that the documents name exist', () => {
  const known = readdirSync(root, { recursive: true, encoding: 'utf8', withFileTypes: false }).filter(
    (path) => !path.startsWith('node_modules'),
  );
  for (const document of ['ARCHITECTURE.md', 'CONTRIBUTING.md']) {
    const text = readFileSync(`${root}${document}`, 'utf8');
    const named = [...text.matchAll(/`([\w./-]+(?:\.ts|\/))`/g)].map(([, path = '']) => path.replace(/\/$/, ''));
    expect(named.length, document).toBeGreaterThan(3);
    const missing = named.filter((path) => !known.some((file) => file === path || file.endsWith(`/${path}`)));
    expect(missing, document).toEqual([]);
  }
});

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

interface ApiCall {
  readonly place: string;
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

/** What a document asks of the proxy's API, from its top to its end: the proxy that it speaks of first, then commands and rules. */
function apiCalls(document: string): readonly ApiCall[] {
  const text = readFileSync(`${root}${document}`, 'utf8');
  const calls: ApiCall[] = [];
  const payments = [{ name: 'payments', listen: '127.0.0.1:0', upstream: '127.0.0.1:8080', protocol: 'http', tap: true }];
  calls.push({ place: document, method: 'POST', path: '/populate', body: JSON.stringify(payments) });
  for (const match of text.matchAll(/^```json\n([\s\S]*?)^```$|^curl (?:-N )?localhost:8474(\S+)(?: -X (\w+))?(?: -d '([^']*)')?$/gm)) {
    const [, json, path, method, body] = match;
    const place = `${document}:${lineAt(text, match.index)}`;
    if (path !== undefined) {
      calls.push({ place, method: method ?? (body === undefined ? 'GET' : 'POST'), path, ...(body === undefined ? {} : { body }) });
    } else if (json?.startsWith('[') === true) {
      // Whatever listens on the ports that are shown, it is not this test's business.
      calls.push({ place, method: 'POST', path: '/populate', body: json.replaceAll(/127\.0\.0\.1:21\d{3}/g, '127.0.0.1:0') });
    } else {
      calls.push({ place, method: 'POST', path: '/halfopen/proxies/payments/rules', body: json ?? '' });
    }
  }
  return calls;
}

function readText(path: string): string | null {
  try {
    return readFileSync(`${root}${path}`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
}

/** The places that a link into this text may name. */
function anchorsOf(text: string): ReadonlySet<string> {
  const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\w -]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}
