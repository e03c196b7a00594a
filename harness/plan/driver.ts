import type { Catalogue } from '../model/catalogue.ts';
import type { Load } from '../model/load.ts';
import { LIMITS } from '../model/limits.ts';
import { nearest, type Problem } from '../model/problem.ts';
import type { BrowserSettings } from '../model/scenario.ts';
import { show } from '../model/shape.ts';
import { isByUsers, usersOf } from '../model/users.ts';

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

/** Users keep their pages for themselves; those who set out at a rate have what is left. */
export function userProblems(load: Load, browser: BrowserSettings = {}): Problem[] {
  const users = usersOf(load).length;
  const pagesMax = browser.pagesMax ?? LIMITS.pages;
  const needsMore = load.kind === 'open' && (load.journeys ?? []).some((journey) => !isByUsers(journey));
  const room = needsMore ? pagesMax - 1 : pagesMax;
  if (users === 0 || users <= room) return [];
  return [
    {
      path: 'load.journeys',
      expected: `at most ${room} users in all, as the browser opens ${pagesMax} pages at a time${needsMore ? ' and journeys at a rate need one of them' : ''}`,
      found: `${users}`,
      hint: 'raise browser.pagesMax in the configuration, or let fewer users go',
    },
  ];
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
