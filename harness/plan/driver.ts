import type { Catalogue } from '../model/catalogue.ts';
import type { Load } from '../model/load.ts';
import { nearest, type Problem } from '../model/problem.ts';
import { show } from '../model/shape.ts';

export function driverProblems(load: Load, driver: string, { loads }: Catalogue): Problem[] {
  const names = Object.keys(loads);
  const row = Object.hasOwn(loads, driver) ? loads[driver] : undefined;
  if (row === undefined) {
    const near = nearest(driver, names);
    const hint = near === undefined ? {} : { hint: `did you mean '${near}'?` };
    return [{ path: 'driver', expected: `one of ${names.join(', ')}`, found: show(driver), ...hint }];
  }
  if (row.accepts.includes(load.kind)) return [];
  const able = names.filter((name) => loads[name]?.accepts.includes(load.kind) === true);
  return [{ path: 'driver', expected: `one that can carry out a load of kind '${load.kind}': ${able.join(', ')}`, found: show(driver) }];
}

/** Files with code that a load runs, each with its place in the scenario. */
export function filesOfLoad(load: Load): readonly { readonly path: string; readonly at: string }[] {
  if (load.kind === 'k6-script') return [{ path: load.file, at: 'load.file' }];
  return (load.journeys ?? []).map(({ file }, index) => ({ path: file, at: `load.journeys[${index}].file` }));
}

export function fileProblems(load: Load, files: Readonly<Record<string, string | null>>): Problem[] {
  return filesOfLoad(load)
    .filter(({ path }) => files[path] === undefined || files[path] === null)
    .map(({ path, at }) => ({
      path: at,
      expected: "a file that is there, counted from the project's folder",
      found: show(path),
    }));
}
