import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = new URL('../harness/run/load/k6/', import.meta.url);

/** Scripts of ours that run inside k6: the name of what each one's module exports, and the import without which it is nothing. */
const RUNNERS = {
  runner: { exported: 'runnerScript', imported: 'k6/x/halfopen' },
  'stock-runner': { exported: 'stockRunnerScript', imported: 'k6/execution' },
} as const;
type RunnerName = keyof typeof RUNNERS;

/** A runner as the one file that k6 takes: k6 knows neither packages nor paths without an extension. */
export async function bundleRunner(name: RunnerName = 'runner'): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(`${name}.ts`, folder))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    target: 'es2020',
    external: ['k6', 'k6/*'],
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const text = result.outputFiles[0]?.text ?? '';
  const { imported } = RUNNERS[name];
  if (!text.includes(imported)) {
    throw new Error(`Cannot bundle the k6 ${name} as it must import '${imported}': current length is ${text.length}`);
  }
  return text;
}

/** Writes each bundle into a module that exports one string. */
export async function buildRunner(): Promise<{ readonly bytes: number }> {
  let bytes = 0;
  for (const name of Object.keys(RUNNERS) as RunnerName[]) {
    const script = await bundleRunner(name);
    bytes += Buffer.byteLength(script);
    const target = new URL(`${name}.generated.ts`, folder);
    const source = `/** Made by scripts/build-runner.ts; do not edit. */\nexport const ${RUNNERS[name].exported}: string = ${JSON.stringify(script)};\n`;
    if ((await current(target)) !== source) await writeFile(target, source);
  }
  return { bytes };
}

async function current(target: URL): Promise<string | null> {
  try {
    return await readFile(target, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

if (import.meta.main) console.log(`k6 runners: ${(await buildRunner()).bytes} bytes`);
