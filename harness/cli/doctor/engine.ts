import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import type { DockerSettings } from '../../model/place.ts';
import { describeEntry, engineAddress, engineAtHand, findLeftovers, ledgerFolder } from '../../pipeline.ts';
import { openProject } from '../project.ts';
import type { Diagnosis, Look } from './diagnosis.ts';

const OPTIONAL = 'the embedded environment does without';

async function engine(): Promise<Diagnosis> {
  const about = 'engine';
  try {
    const { version, apiVersion, address } = await engineAtHand();
    return { about, state: 'fine', found: `Docker ${version}, API ${apiVersion}, at ${address}` };
  } catch (error) {
    const refusal = refused(engineAddress());
    if (refusal !== null) return { about, state: 'mind', ...refusal };
    const [found, wayOut] = parted((error as Error).message);
    return { about, state: 'mind', found: `${found}; ${OPTIONAL}`, wayOut: wayOut ?? 'start Docker, or let DOCKER_HOST name an engine' };
  }
}

/** An engine that is there, and whose socket is not for this user. */
function refused(address: string): Pick<Diagnosis, 'found' | 'wayOut'> | null {
  const socket = address.startsWith('unix://') ? address.slice('unix://'.length) : '';
  if (socket === '' || !existsSync(socket)) return null;
  try {
    accessSync(socket, constants.R_OK | constants.W_OK);
    return null;
  } catch {
    const { username } = userInfo();
    return {
      found: `${socket} is there, and user ${username} may not use it; ${OPTIONAL}`,
      wayOut: `sudo usermod -aG docker ${username}, then log in anew (the group docker may do what root may)`,
    };
  }
}

/** A message's `(way out: …)` stands on a line of its own here. */
function parted(message: string): readonly [found: string, wayOut: string | undefined] {
  const match = /^([\s\S]*?) \(way out: ([\s\S]*?)(?:; `halfopen doctor` looks)?\)$/.exec(message);
  return [match?.[1] ?? message, match?.[2]];
}

/** The oldest plugin that knows `configs` with their content in the file, which overlays use. */
const COMPOSE_LEAST = [2, 23] as const;

async function compose(): Promise<Diagnosis> {
  const about = 'compose';
  try {
    const { stdout } = await promisify(execFile)('docker', ['compose', 'version', '--short'], { timeout: 10_000 });
    const version = stdout.trim();
    const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
    if (major > COMPOSE_LEAST[0] || (major === COMPOSE_LEAST[0] && minor >= COMPOSE_LEAST[1]))
      return { about, state: 'fine', found: `docker compose ${version}` };
    return {
      about,
      state: 'mind',
      found: `docker compose ${version} is too old for --env compose`,
      wayOut: `install the compose plugin ${COMPOSE_LEAST.join('.')} or newer`,
    };
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const found = isAbsent ? 'no docker on PATH' : 'docker has no plugin compose';
    return {
      about,
      state: 'mind',
      found: `${found}; only --env compose needs it`,
      wayOut: 'install the docker command and its compose plugin',
    };
  }
}

async function images(): Promise<Diagnosis> {
  const about = 'images';
  const needed = await engineAtHand(await dockerSettings()).catch(() => null);
  if (needed === null) return { about, state: 'mind', found: `no engine could be asked; ${OPTIONAL}` };
  const missing = needed.images.filter(({ isHere }) => !isHere);
  const names = needed.images.filter(({ isHere }) => isHere).map(({ image }) => image);
  const here = names.length === 0 ? 'none is here' : `${names.join(', ')} ${names.length === 1 ? 'is' : 'are'} here`;
  if (missing.length === 0) return { about, state: 'fine', found: here };
  const told = missing.map(({ image, use, isNeeded }) => `${image} (${use}) is not${isNeeded ? '' : ', and need not be'}`);
  return {
    about,
    state: missing.some(({ isNeeded }) => isNeeded) ? 'mind' : 'fine',
    found: `${here}; ${told.join('; ')}`,
    wayOut: `${missing.map(({ image }) => `docker pull ${image}`).join(' && ')}, or let the first run fetch ${missing.length === 1 ? 'it' : 'them'}`,
  };
}

/** A wrong configuration is told by itself; the defaults are looked at then. */
async function dockerSettings(): Promise<DockerSettings> {
  const project = await openProject(process.cwd()).catch(() => null);
  return project?.config.docker ?? {};
}

async function leftovers(): Promise<Diagnosis> {
  const about = 'leftovers';
  const folder = ledgerFolder();
  const { runs, engine: asked } = await findLeftovers(folder);
  const where = asked === null ? folder : `${folder} and at the engine`;
  const left = runs.filter(({ life, entries, ledger }) => life.is !== 'alive' && entries.length + (ledger?.problems.length ?? 0) > 0);
  if (left.length === 0) return { about, state: 'fine', found: `none of dead runs in ${where}` };
  const things = left.flatMap(({ entries }) => entries.map(describeEntry));
  const shown = things.length > 3 ? `${things.slice(0, 3).join(', ')} and ${things.length - 3} more` : things.join(', ');
  const isTold = left.some(({ life }) => life.is === 'dead');
  return {
    about,
    state: 'mind',
    found: `${left.length === 1 ? 'a run has' : `${left.length} runs have`} left ${shown === '' ? 'what cannot be read' : shown}`,
    wayOut: isTold ? 'npx halfopen clean' : 'npx halfopen clean --all, if they are dead: nothing tells that from here',
  };
}

export const engineLooks: Readonly<Record<string, Look>> = { engine, compose, images, leftovers };
