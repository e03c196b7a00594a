import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const viewer = new URL('../harness/report/html/viewer/', import.meta.url);
const target = new URL('../harness/report/html/viewer.generated.ts', import.meta.url);

/**
 * Bundles the report's viewer into one module that exports one string: the page with its style and script inline and
 * with a policy that allows these two, by their hashes, and nothing else.
 */
export async function buildViewer(): Promise<{ readonly bytes: number }> {
  const script = await bundle('main.ts', 'js');
  const style = await bundle('style.css', 'css');
  const policy = [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const parts: Readonly<Record<string, string>> = { POLICY: policy, STYLE: style, SCRIPT: script };
  const template = await readFile(new URL('page.html', viewer), 'utf8');
  const page = template.replace(/\s*%%(POLICY|STYLE|SCRIPT)%%\s*/g, (marker, name: string) => parts[name] ?? marker);
  const source = `/** Made by scripts/build-viewer.ts; do not edit. */\nexport const viewerPage: string = ${JSON.stringify(page)};\n`;
  if ((await current()) !== source) await writeFile(target, source);
  return { bytes: Buffer.byteLength(page) };
}

async function bundle(file: string, kind: 'js' | 'css'): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL(file, viewer))],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['chrome111', 'firefox115', 'safari17'],
    legalComments: 'none',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const text = result.outputFiles[0]?.text.trimEnd() ?? '';
  const end = kind === 'js' ? '</script' : '</style';
  if (text === '' || text.toLowerCase().includes(end) || /%%(TITLE|SUMMARY|DATA)%%/.test(text)) {
    throw new Error(
      `Cannot inline ${file} as its bundle must be text without '${end}' and without the page's markers: current length is ${text.length}`,
    );
  }
  return text;
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`;
}

async function current(): Promise<string | null> {
  try {
    return await readFile(target, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

if (import.meta.main) console.log(`viewer: ${(await buildViewer()).bytes} bytes`);
