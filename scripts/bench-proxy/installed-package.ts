import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cacheFolder } from './go-program.ts';

/**
 * Lays a checkout of our package out as `npm install` would: built from its sources as they are now, `bin/` and `dist/` in a folder from
 * which the dependencies are found. Types are not checked, which is for `npm run check` to do. In the repository `bin/halfopen.js` puts a process of its own in front and Node strips types; nobody
 * who installs the package pays for that, so it must not be measured.
 */
export async function installPackage(projectFolder: string): Promise<{ readonly folder: string } & AsyncDisposable> {
  const generated = join(projectFolder, 'harness', 'report', 'html', 'viewer.generated.ts');
  if (!existsSync(generated)) throw new Error('Cannot build our package as its report viewer must have been built: run npm run build');
  mkdirSync(cacheFolder, { recursive: true });
  const folder = mkdtempSync(join(cacheFolder, 'package-'));
  const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
  const args = [compiler, '-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist'), '--declaration', 'false', '--noCheck'];
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await promisify(execFile)(process.execPath, args, { cwd: projectFolder });
    cpSync(join(projectFolder, 'bin'), join(folder, 'bin'), { recursive: true });
    cpSync(join(projectFolder, 'package.json'), join(folder, 'package.json'));
  } catch (error) {
    remove();
    const { stdout = '', message } = error as Error & { readonly stdout?: string };
    throw new Error(`Cannot build our package: ${stdout.trim().split('\n')[0] || message}`, { cause: error });
  }
  return { folder, [Symbol.asyncDispose]: async () => remove() };
}
