import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { MARK } from '../compose/own-services.ts';
import { overlayText, type OwnCode } from '../compose/overlay.ts';
import type { ComposeProject } from '../compose/resolved.ts';
import { definitionsOf, projectOf } from '../compose/whole.ts';
import { wireEdges } from '../compose/wiring.ts';
import { UsageError } from '../model/problem.ts';
import type { System } from '../model/system.ts';
import { EXIT_CODES } from '../model/verdict.ts';
import { readCompose } from '../run/environments/compose/docker-compose.ts';
import { OWN_CODE } from '../run/environments/compose/own-code.ts';
import type { Command, CommandCall } from './contract.ts';
import { listOption, textOption } from './options.ts';
import { writeWhole } from './output-folder.ts';
import { openProject, type Project } from './project.ts';
import { chooseSystem } from './systems.ts';

const OUT = 'docker-compose.chaos.yml';
/** Where compose itself looks, in its order. */
const USUAL_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];
const NODE_IMAGE = 'node:24-slim';
const TOXIPROXY_IMAGE = 'ghcr.io/shopify/toxiproxy:2.12.0';

export const compose: Command = {
  name: 'compose',
  parameters: '[file...]',
  summary: 'write the compose file that leads every edge through a relay and a Toxiproxy',
  flags: [
    { flags: '-c, --config <file>', description: 'configuration (default: the nearest halfopen.config.ts|js|mjs upwards)' },
    {
      flags: '--system <file>',
      description: "file of the system, or the name of one that scenarios use (default: the scenarios' only one)",
    },
    { flags: '--out <file>', description: `what to write (default: ${OUT})` },
    {
      flags: '--profile <name>',
      description: 'only these profiles of the compose files (default: all); may be repeated',
      repeatable: true,
    },
    { flags: '--drop-ports', description: "take the users' services off this machine's ports" },
    { flags: '--check', description: 'write nothing: exit code 1 if the file is not what would be written' },
    { flags: '--force', description: 'overwrite a file that halfopen did not write' },
  ],
  examples: [
    ['compose docker-compose.yml', `${OUT}, to be used beside that file`],
    ['compose base.yml extra.yml --system scenarios/shop.system.ts', 'several files, merged as compose merges them'],
    ['compose --check', 'in CI: is it up to date?'],
    ['compose', 'where there is no compose file: a whole one, made from the system alone'],
  ],
  run: composeCommand,
};

async function composeCommand(call: CommandCall): Promise<number> {
  const { options } = call;
  const project = await openProject(process.cwd(), textOption(options, 'config'));
  const system = await chooseSystem(project, textOption(options, 'system'));
  const out = resolve(process.cwd(), textOption(options, 'out') ?? OUT);
  const files = filesOf(call, out);
  const { text, warnings } = await textOf(call, { project, system, out, files });
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  const shown = relative(process.cwd(), out);
  const before = existsSync(out) ? readFileSync(out, 'utf8') : null;
  if (options['check'] === true) {
    if (before === text) return EXIT_CODES.pass;
    process.stdout.write(
      `${shown} ${before === null ? 'is not there' : 'is out of date'}; this writes it: ${commandLine(call, { out, files })}\n`,
    );
    return EXIT_CODES.fail;
  }
  if (before !== null && !before.startsWith(MARK) && options['force'] !== true) {
    throw new UsageError(
      `Cannot write ${shown} as it must not be a file of somebody else: its first line is not halfopen's (way out: --out, or --force)`,
    );
  }
  if (before !== text) writeWhole(out, text);
  const list = (files.length === 0 ? [out] : [...files, out]).map((file) => `'${relative(project.folder, file)}'`).join(', ');
  process.stdout.write(
    `${shown} ${before === text ? 'is up to date' : 'written'}: ${system.edges.length} edges of ${system.name}\n` +
      `by hand: ${startLine(call, { out, files })}\n` +
      `with scenarios: halfopen run --env compose${list === `'${OUT}'` ? '' : `, with compose: { files: [${list}] } in the configuration`}\n`,
  );
  return EXIT_CODES.pass;
}

interface Place {
  readonly out: string;
  /** The users', absolute; none where the file is to be a whole one. */
  readonly files: readonly string[];
}

/** Those that were named, else those that compose would find. */
function filesOf({ args }: CommandCall, out: string): readonly string[] {
  const named = args.map((file) => resolve(process.cwd(), file));
  const missing = named.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new UsageError(`Cannot read the compose files as each must exist: ${missing.join(', ')} does not`);
  if (named.includes(out)) throw new UsageError(`Cannot write ${out} as '--out' must not be one of the files that are read`);
  if (named.length > 0) return named;
  const usual = USUAL_FILES.find((name) => existsSync(join(process.cwd(), name)));
  if (usual === undefined) return [];
  const extension = extname(usual);
  const override = `${basename(usual, extension)}.override${extension}`;
  return [usual, override].map((name) => join(process.cwd(), name)).filter((file) => existsSync(file));
}

async function textOf(
  call: CommandCall,
  { project, system, out, files }: Place & { readonly project: Project; readonly system: System },
): Promise<{ readonly text: string; readonly warnings: readonly string[] }> {
  const [first] = files;
  const folder = dirname(first ?? out);
  const profiles = listOption(call.options, 'profile');
  const read =
    first === undefined
      ? { project: projectOf(system), warnings: [] }
      : await readCompose({ folder, files, profiles: profiles.length === 0 ? ['*'] : profiles });
  const wiring = wireEdges(read.project, system);
  if (wiring.problems.length > 0) throw new UsageError(`Cannot lead the calls of '${system.name}' through a relay:`, wiring.problems);
  const { image: nodeImage = NODE_IMAGE, toxiproxyImage = TOXIPROXY_IMAGE } = project.config.docker ?? {};
  const { code, warnings } = ownCode(folder);
  const text = overlayText({
    project: read.project,
    system,
    wiring,
    command: commandLine(call, { out, files }),
    start: startLine(call, { out, files }),
    code,
    nodeImage: NODE_IMAGE,
    toxiproxyImage,
    isDroppingPorts: call.options['dropPorts'] === true,
    ...(first === undefined
      ? { definitions: definitionsOf({ system, projectFolder: asPath(relative(folder, project.folder)), nodeImage }) }
      : {}),
  });
  return { text, warnings: [...read.warnings, ...wiring.warnings, ...ownNames(read.project, profiles), ...warnings] };
}

/** Services that another choice of profiles would leave out are still written for: compose merges them only when they are there. */
function ownNames({ services }: ComposeProject, profiles: readonly string[]): readonly string[] {
  const hidden = Object.entries(services).flatMap(([name, { profiles: own }]) => (own.length === 0 ? [] : [`${name} (${own.join(', ')})`]));
  if (profiles.length > 0 || hidden.length === 0) return [];
  return [
    `only with their profiles are there ${hidden.join(', ')}: name them, as in docker compose --profile, or compose: { profiles: […] }`,
  ];
}

/** The same words whatever folder the command is typed in: paths as they are seen from the file that is written. */
function commandLine({ options }: CommandCall, { out, files }: Place): string {
  const seen = (file: string): string => relative(dirname(out), file);
  const system = textOption(options, 'system');
  const [path = '', name] = (system ?? '').split('#');
  const systemPath = resolve(process.cwd(), path);
  const shownSystem = existsSync(systemPath) ? `${seen(systemPath)}${name === undefined ? '' : `#${name}`}` : system;
  return [
    'npx halfopen compose',
    ...files.map(seen),
    ...(system === undefined ? [] : ['--system', shownSystem ?? '']),
    ...(basename(out) === OUT ? [] : ['--out', basename(out)]),
    ...listOption(options, 'profile').flatMap((profile) => ['--profile', profile]),
    ...(options['dropPorts'] === true ? ['--drop-ports'] : []),
  ].join(' ');
}

function startLine({ options }: CommandCall, { out, files }: Place): string {
  const profiles = listOption(options, 'profile').map((profile) => ` --profile ${profile}`);
  return `docker compose${[...files, out].map((file) => ` -f ${relative(dirname(out), file)}`).join('')}${profiles.join('')} up`;
}

/** This package as the compose project's folder sees it, so that the file means the same on another machine. */
function ownCode(folder: string): { readonly code: OwnCode; readonly warnings: readonly string[] } {
  const { folder: root, relay, sentinel } = OWN_CODE;
  const from = realpathSync(folder);
  const place = [from, ...upwards(from)]
    .flatMap((parent) => [parent, join(parent, 'node_modules/halfopen')])
    .find((path) => isSame(path, root));
  const code = { folder: place === undefined ? root : asPath(relative(from, place)), relay, sentinel };
  const warnings =
    place === undefined
      ? [
          `halfopen is not installed at or above ${folder}: the file names ${root}, which other machines do not have (way out: npm i -D halfopen)`,
        ]
      : [];
  return { code, warnings };
}

function upwards(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [parent, ...upwards(parent)];
}

function isSame(path: string, root: string): boolean {
  return existsSync(path) && realpathSync(path) === root;
}

/** As compose tells a path from a volume's name. */
function asPath(path: string): string {
  return path === '' ? '.' : path.startsWith('.') ? path : `./${path}`;
}
