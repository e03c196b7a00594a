import { UsageError } from '../model/problem.ts';
import { canonicalHost, readTarget, targetProblem } from '../model/target.ts';
import type { RunningSystem } from './environments/contract.ts';

/**
 * Makes sure that load goes nowhere but to this machine and to what the configuration allows, whichever environment named the addresses: an
 * engine on another machine publishes its ports there.
 *
 * @throws {UsageError} that names every other host
 */
export function demandAllowedTargets(
  { entry, sentinel, readyUrls }: Pick<RunningSystem, 'entry' | 'sentinel' | 'readyUrls'>,
  allowTargets: readonly string[] = [],
): void {
  const named: readonly (readonly [string, string])[] = [
    ['the entry', entry.host],
    ['the sentinel', sentinel.host],
    ...Object.entries(readyUrls).map(([service, url]) => [`the ready path of ${service}`, readTarget(url)?.host ?? url] as const),
  ];
  const problems = named.flatMap(([path, host]) => targetProblem(canonicalHost(host) ?? host, allowTargets, path) ?? []);
  if (problems.length > 0) throw new UsageError('Cannot send load as it would go to a machine that is not allowed:', problems);
}
