/** What goes wrong in the real Toxiproxy 2.12, tried on it and on ours. */
import { table } from '../bench/markdown.ts';
import { dataDefects } from './proxy-defects-data.ts';
import { controlDefects } from './proxy-defects-control.ts';
import { claim, type Proof, type ProofOptions, type Proven } from './proof.ts';
import { ownEngine, realEngine, type Engine } from './proxy-rig.ts';

/** How a proxy stood a probe. */
export interface Stood {
  readonly holds: boolean;
  readonly saw: string;
}

/** How long and how large a probe is. */
export interface ProbeSize {
  readonly connections: number;
  /** How long a reader stalls, in milliseconds; the real one gives a held chunk up after 5 s. */
  readonly stallMs: number;
  readonly downloads: number;
}

export interface Defect {
  readonly id: string;
  /** What should hold. */
  readonly claim: string;
  probe(engine: Engine, size: ProbeSize): Promise<Stood>;
}

export const QUICK: ProbeSize = { connections: 100, stallMs: 1500, downloads: 10 };
const FULL: ProbeSize = { connections: 1000, stallMs: 12_000, downloads: 40 };

export const DEFECTS: readonly Defect[] = [...controlDefects, ...dataDefects];

export const proxyDefectsProof: Proof = {
  name: 'proxy-defects',
  title: 'Known defects of Toxiproxy 2.12: shown on the real one, absent from ours',
  run,
};

async function run({ cases, signal, say }: ProofOptions): Promise<Proven> {
  const real = await realEngine();
  if ('reason' in real) say(`LEFT OUT: the real Toxiproxy, as ${real.reason}`);
  const engines = ['reason' in real ? null : real, ownEngine(), ownEngine({ workers: 2 })];
  const rows: { readonly claim: string; readonly stood: readonly (Stood | null)[] }[] = [];
  for (const defect of DEFECTS) {
    const stood: (Stood | null)[] = [];
    for (const engine of engines) {
      signal.throwIfAborted();
      const result = engine === null ? null : await cases.once(`${defect.id} on ${engine.title}`, () => tryOut(defect, engine));
      stood.push(result);
      if (engine !== null && result !== null) say(`${defect.claim}: ${engine.title} ${result.holds ? 'holds' : 'fails'} (${result.saw})`);
    }
    rows.push({ claim: defect.claim, stood });
  }
  const own = rows.flatMap(({ stood }) => stood.slice(1));
  const failing = rows.filter(({ stood }) => stood[0]?.holds === false);
  const tell = (stood: Stood | null): string => (stood === null ? 'left out' : `${stood.holds ? 'holds' : '**fails**'}: ${stood.saw}`);
  return {
    holds: own.every((stood) => stood?.holds === true),
    markdown: [
      claim(
        own.every((stood) => stood?.holds === true),
        `ours stands each of the ${rows.length} probes, without and with workers`,
      ),
      'reason' in real
        ? `- left out: the real one, as ${real.reason.split('\n')[0]}`
        : `- the real one fails ${failing.length} of them: the probes can fail`,
      '',
      table(
        ['what should hold', ...engines.map((engine) => engine?.title ?? 'Toxiproxy')],
        rows.map(({ claim: what, stood }) => [what, ...stood.map(tell)]),
      ),
    ].join('\n'),
  };
}

/** A probe that cannot go on has shown that the proxy does not do what it must. */
async function tryOut({ probe }: Defect, engine: Engine): Promise<Stood> {
  try {
    return await probe(engine, FULL);
  } catch (error) {
    return { holds: false, saw: (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '' };
  }
}
