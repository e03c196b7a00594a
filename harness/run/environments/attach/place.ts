import { proxyNameOfEdge } from '../../../model/edge-name.ts';
import type { PlaceReading } from '../../../model/catalogue.ts';
import type { AttachSettings, EnvironmentSettings } from '../../../model/place.ts';
import type { Power } from '../../../model/plan.ts';
import type { Problem } from '../../../model/problem.ts';
import { show } from '../../../model/shape.ts';
import type { System } from '../../../model/system.ts';
import { isLoopback, readTarget, targetProblem, type Target } from '../../../model/target.ts';

/** A place that was read and may be used. */
export interface AttachPlace {
  readonly toxiproxy: Target;
  readonly entry: Target;
  /** Service → where it says whether it is ready; those of this system. */
  readonly ready: Readonly<Record<string, Target>>;
  /** Edge → where this machine reaches its proxy, where the configuration says so. */
  readonly reach: Readonly<Record<string, Target>>;
  /** Edge → name of its proxy. */
  readonly proxies: Readonly<Record<string, string>>;
  readonly allowTargets: readonly string[];
  readonly besideToxics: boolean;
}

interface Reading {
  /** Null where there are problems. */
  readonly place: AttachPlace | null;
  readonly problems: readonly Problem[];
}

/** Reads where the services and their Toxiproxy are; asks nobody. */
export function readAttachPlace({ attach, allowTargets = [] }: EnvironmentSettings, system: System): Reading {
  if (attach === undefined) {
    const expected = 'where the services and their Toxiproxy are';
    const hint = "attach: { toxiproxy: 'http://127.0.0.1:8474', entry: 'http://127.0.0.1:8080' } in the configuration";
    return { place: null, problems: [{ path: 'config.attach', expected, found: 'nothing', hint }] };
  }
  const problems: Problem[] = [];
  const target = (text: unknown, path: string, form: TargetForm): Target | null => {
    const read = form.read(text);
    if (read === null) {
      problems.push({ path, expected: form.words, found: withoutUser(text) });
      return null;
    }
    const problem = targetProblem(read.host, allowTargets, path);
    if (problem !== null) problems.push(problem);
    return read;
  };
  const toxiproxy = target(attach.toxiproxy, 'config.attach.toxiproxy', ORIGIN);
  const entry = target(attach.entry, 'config.attach.entry', ORIGIN);
  const ready = named(attach.ready, Object.keys(system.services), (text, name) =>
    target(text, `config.attach.ready.${name}`, URL_WITH_PATH),
  );
  const edges = system.edges.map(({ name }) => name);
  const reach = named(attach.reach, edges, (text, name) => target(text, `config.attach.reach['${name}']`, HOST_AND_PORT));
  const proxies = Object.fromEntries(edges.map((edge) => [edge, attach.proxies?.[edge] ?? proxyNameOfEdge(edge)]));
  if (toxiproxy === null || entry === null || problems.length > 0) return { place: null, problems };
  return { place: { toxiproxy, entry, ready, reach, proxies, allowTargets, besideToxics: attach.besideToxics === true }, problems };
}

/** What an attached system offers in this place, what is wrong with the place, and what a plan must say of it. */
export function readPlace(settings: EnvironmentSettings, system: System): PlaceReading {
  const { place, problems } = readAttachPlace(settings, system);
  const powers: readonly Power[] = hasReady(settings.attach) ? ['tcp', 'readiness'] : ['tcp'];
  return { powers, problems, notes: place === null ? [] : notesOf(place) };
}

function hasReady(attach: AttachSettings | undefined): boolean {
  return Object.keys(attach?.ready ?? {}).length > 0;
}

function notesOf({ toxiproxy, entry }: AttachPlace): readonly string[] {
  const sentinel = isLoopback(toxiproxy.host)
    ? 'the sentinel is asked through a proxy that the run makes for it on the Toxiproxy, if that reaches this machine; directly if not'
    : 'the sentinel is asked directly, as the Toxiproxy is on another machine: what that adds is not seen';
  return [
    `nothing is started: load goes to ${entry.origin}, faults to the Toxiproxy at ${toxiproxy.origin}`,
    'no tap: canary connections of the harness tell whether a fault bit',
    sentinel,
  ];
}

interface TargetForm {
  readonly words: string;
  read(text: unknown): Target | null;
}

const ORIGIN: TargetForm = {
  words: 'http://host:port, without a path, a user or another scheme',
  read(text) {
    const target = readTarget(text);
    return target?.path === '/' ? target : null;
  },
};
const URL_WITH_PATH: TargetForm = { words: 'http://host:port/path, without a user or another scheme', read: readTarget };
const HOST_AND_PORT: TargetForm = {
  words: 'host:port',
  read: (text) => (typeof text === 'string' && /^[^/@]+:\d+$/.test(text) ? readTarget(`http://${text}`) : null),
};

/** As it was written, but for a user's name and password. */
function withoutUser(text: unknown): string {
  return show(typeof text === 'string' ? text.replace(/\/\/[^/]*@/, '//…@') : text);
}

/** The entries of this system's own names: a configuration serves several systems. */
function named(
  entries: Readonly<Record<string, string>> | undefined,
  names: readonly string[],
  read: (text: unknown, name: string) => Target | null,
): Readonly<Record<string, Target>> {
  const found = names.flatMap((name) => {
    const text = entries !== undefined && Object.hasOwn(entries, name) ? entries[name] : undefined;
    const target = text === undefined ? null : read(text, name);
    return target === null ? [] : [[name, target] as const];
  });
  return Object.fromEntries(found);
}
