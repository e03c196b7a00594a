import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { overlayProblems, readOverlay, type FoundEdge } from '../../../compose/found-overlay.ts';
import type { ComposeProject } from '../../../compose/resolved.ts';
import { UsageError, type Problem } from '../../../model/problem.ts';
import type { UpContext } from '../contract.ts';
import { readCompose, type ComposeCall } from './docker-compose.ts';

/** The user's compose files with the overlay of `halfopen compose`, as one run starts them. */
export interface ChaosProject {
  /** Name of the compose project: this run's own. */
  readonly name: string;
  readonly call: ComposeCall;
  readonly project: ComposeProject;
  readonly edges: readonly FoundEdge[];
}

const USUAL_FILES = ['docker-compose.chaos.yml'];

/**
 * Reads the files that the configuration names and holds them against the system.
 *
 * @throws {UsageError} if one is missing, compose cannot read them, or they do not lead every edge through the relay
 */
export async function readChaosProject(context: UpContext, env: Readonly<Record<string, string>>): Promise<ChaosProject> {
  const { plan, projectFolder, runId, signal } = context;
  const { files = USUAL_FILES, profiles = [] } = plan.settings.compose ?? {};
  const paths = files.map((file) => resolve(projectFolder, file));
  const missing = paths.filter((path) => !existsSync(path));
  if (missing.length > 0) {
    throw new UsageError(
      `Cannot run '${plan.system.name}' with --env compose as its compose files must exist: ${missing.join(', ')} does not (way out: halfopen compose writes docker-compose.chaos.yml; \`compose: { files: […] }\` in the configuration names others)`,
    );
  }
  const name = `halfopen-${runId}`.toLowerCase();
  const call: ComposeCall = { folder: dirname(paths[0] ?? projectFolder), files: paths, profiles, project: name, env, signal };
  const { project } = await readCompose(call);
  const edges = readOverlay(project);
  const failed = `Cannot run '${plan.system.name}' with --env compose as ${files.join(', ')} must lead its calls through halfopen's relay:`;
  if (edges === null) {
    throw new UsageError(failed, [
      {
        path: 'compose › files',
        expected: 'the file that halfopen compose writes, as the last of them',
        found: 'no overlay in them, or one that somebody changed',
        hint: `write it: halfopen compose${paths.length === 0 ? '' : ` ${files.join(' ')}`}`,
      },
    ]);
  }
  const problems = [...overlayProblems(project, edges, plan.system), ...replicaProblems(project, Object.keys(plan.system.services))];
  if (problems.length > 0) throw new UsageError(failed, await withProfiles(call, problems));
  return { name, call, project, edges };
}

/** A fault, a probe and a reading of lines are about one container. */
function replicaProblems({ services }: ComposeProject, names: readonly string[]): readonly Problem[] {
  return names.flatMap((name) => {
    const { replicas = 1 } = services[name] ?? {};
    const hint = 'scale it to 1 in a file of your own';
    return replicas === 1 ? [] : [{ path: `services.${name}.deploy.replicas`, expected: '1', found: String(replicas), hint }];
  });
}

/** A service that seems to be missing may only lack its profile. */
async function withProfiles(call: ComposeCall, problems: readonly Problem[]): Promise<readonly Problem[]> {
  const { project } = await readCompose({ ...call, profiles: ['*'] });
  return problems.map((problem) => {
    const [, name = ''] = /› services\.(.+)$/.exec(problem.path) ?? [];
    const profiles = project.services[name]?.profiles ?? [];
    if (profiles.length === 0) return problem;
    return {
      ...problem,
      hint: `it has the profile ${profiles.join(', ')}: compose: { profiles: ['${profiles[0] ?? ''}'] } in the configuration`,
    };
  });
}
