import { UsageError } from '../../model/problem.ts';

/** A package manifest, as far as `init` reads and writes it. */
interface Manifest {
  readonly type?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

export interface ManifestChange {
  readonly text: string;
  /** What was added; empty where nothing was missing. */
  readonly added: readonly string[];
  /** Whether plain `.ts` and `.js` files of the package are ES modules. */
  readonly isModule: boolean;
}

/** Nothing that the manifest has already is changed. */
export function extendManifest(before: string | null, folderName: string, halfopenVersion: string): ManifestChange {
  const manifest: Manifest = before === null ? freshManifest(folderName) : readManifest(before);
  const wanted: Readonly<Record<string, string>> = { halfopen: `^${halfopenVersion}`, node: '^24.0.0', opossum: '^10.0.0' };
  const known = { ...manifest.dependencies, ...manifest.devDependencies };
  const missing = Object.entries(wanted).filter(([name]) => !(name in known));
  const lacksScript = manifest.scripts?.['chaos'] === undefined;
  // npm asks before it runs the install script that fetches the Node binary.
  const lacksConsent = manifest.allowScripts?.['node'] === undefined;
  const after = {
    ...manifest,
    ...(lacksScript ? { scripts: { ...manifest.scripts, chaos: 'halfopen run' } } : {}),
    ...(missing.length > 0 ? { devDependencies: { ...manifest.devDependencies, ...Object.fromEntries(missing) } } : {}),
    ...(lacksConsent ? { allowScripts: { ...manifest.allowScripts, node: true } } : {}),
  };
  const added = [
    ...(lacksScript ? ['scripts.chaos'] : []),
    ...missing.map(([name]) => `devDependencies.${name}`),
    ...(lacksConsent ? ['allowScripts.node'] : []),
  ];
  return {
    text: added.length === 0 && before !== null ? before : `${JSON.stringify(after, null, 2)}\n`,
    added,
    isModule: manifest.type === 'module',
  };
}

function freshManifest(folderName: string): Manifest {
  const named = { name: packageName(folderName), private: true };
  return { ...named, type: 'module' };
}

function readManifest(text: string): Manifest {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch (error) {
    throw new UsageError(`Cannot extend package.json as it must be JSON: ${(error as Error).message}`);
  }
  throw new UsageError('Cannot extend package.json as it must hold an object');
}

function packageName(folderName: string): string {
  return (
    folderName
      .toLowerCase()
      .replace(/[^a-z0-9-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'chaos'
  );
}
