import { appendFileSync, existsSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import type { Problem } from '../model/problem.ts';
import { HarnessError } from '../model/problem.ts';
import { show } from '../model/shape.ts';
import type { ReportFile, Surroundings } from '../report/contract.ts';
import { reporters } from '../report/index.ts';
import { ownVersion } from './version.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Channel = NonNullable<ReportFile['channel']>;

/** GitHub drops a step's summary that is longer. */
const SUMMARY_BYTES_MAX = 1024 ** 2;

/** Where the reports are written from and to. */
export interface JobRequest {
  /** The project's folder. */
  readonly folder: string;
  /** The output folder. */
  readonly output: string;
  readonly env: Environment;
}

/** What reporters cannot know of themselves: read from the folders, and from what the CI says of its job. */
export function surroundingsOf({ folder, output, env }: JobRequest, problems: Problem[]): Surroundings {
  const inRepository = relative(repositoryAround(folder), folder).split(sep).join('/');
  const reportUrl = env['HALFOPEN_REPORT_URL'] ?? gitlabUrl(output, env);
  const isLink = reportUrl === undefined || (URL.canParse(reportUrl) && /^https?:/.test(reportUrl));
  if (!isLink) problems.push({ path: 'HALFOPEN_REPORT_URL', expected: 'the http or https address of report.html', found: show(reportUrl) });
  return {
    version: ownVersion(),
    projectPrefix: inRepository === '' ? '' : `${inRepository}/`,
    ...(reportUrl === undefined ? {} : { reportUrl }),
  };
}

/** The nearest folder upwards that is a git work tree; the folder itself where there is none. */
function repositoryAround(folder: string): string {
  for (let place = folder; ; place = dirname(place)) {
    if (existsSync(join(place, '.git'))) return place;
    if (place === dirname(place)) return folder;
  }
}

/** GitLab serves a job's artifacts by their paths in the project. */
function gitlabUrl(output: string, env: Environment): string | undefined {
  const { CI_JOB_URL: job, CI_PROJECT_DIR: project } = env;
  if (job === undefined || project === undefined || !URL.canParse(job)) return undefined;
  const inside = relative(project, output);
  if (inside.startsWith('..')) return undefined;
  const path = [...inside.split(sep), reporters.html.file].filter((part) => part !== '');
  return `${job}/artifacts/file/${path.map(encodeURIComponent).join('/')}`;
}

/**
 * Gives a report's text to the job that asks for it so.
 *
 * @throws {HarnessError} if the job's summary cannot be written, or would become too long to be shown
 */
export function handOn(channel: Channel, text: string, env: Environment): void {
  CHANNELS[channel](text, env);
}

const CHANNELS: { readonly [C in Channel]: (text: string, env: Environment) => void } = {
  log: (text, env) => {
    if (env['GITHUB_ACTIONS'] === 'true') process.stdout.write(text);
  },
  'step-summary': (text, env) => {
    const path = env['GITHUB_STEP_SUMMARY'];
    if (path === undefined || path === '') return;
    const bytes = (existsSync(path) ? statSync(path).size : 0) + Buffer.byteLength(text);
    if (bytes > SUMMARY_BYTES_MAX)
      throw new HarnessError(`Cannot add to the step's summary as it must stay within ${SUMMARY_BYTES_MAX} bytes: it would have ${bytes}`);
    try {
      appendFileSync(path, text);
    } catch (cause) {
      throw new HarnessError(`Cannot add to the step's summary ${path}: ${(cause as Error).message}`, { cause });
    }
  },
};
