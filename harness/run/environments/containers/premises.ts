import { HarnessError } from '../../../model/problem.ts';
import type { Ledger } from '../../ledger/contract.ts';
import type { Container, ContainerSpec, Engine } from './contract.ts';

/** What a run makes with an engine: written down before, crossed out after. Disposing it removes everything, networks last. */
export class Premises implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #ledger: Ledger;
  readonly #containers = new Set<string>();
  readonly #networks = new Set<string>();
  readonly #starting = new Set<Promise<Container>>();
  #ending: Promise<void> | undefined;

  constructor(engine: Engine, ledger: Ledger) {
    this.#engine = engine;
    this.#ledger = ledger;
  }

  async network(name: string): Promise<string> {
    this.#ledger.note({ kind: 'network', name });
    this.#networks.add(name);
    await this.#engine.createNetwork(name, this.#ledger.labels);
    return name;
  }

  /** A container that somebody else starts: it is removed with the others. */
  expect(name: string): void {
    this.#ledger.note({ kind: 'container', name });
    this.#containers.add(name);
  }

  async run(spec: ContainerSpec): Promise<Container> {
    this.expect(spec.name);
    const starting = this.#engine.run(spec);
    this.#starting.add(starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(starting);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#removeAll();
    return this.#ending;
  }

  async #removeAll(): Promise<void> {
    // What is not there yet cannot be removed, and would stay.
    await Promise.allSettled(this.#starting);
    const failures = await this.#each(this.#containers, async (name) => {
      await this.#engine.container(name).remove();
      this.#ledger.strike({ kind: 'container', name });
    });
    failures.push(
      ...(await this.#each(this.#networks, async (name) => {
        await this.#engine.removeNetwork(name);
        this.#ledger.strike({ kind: 'network', name });
      })),
    );
    if (failures.length === 0) return;
    const left = failures.map(({ name, reason }) => `  ${name}: ${reason}`);
    throw new HarnessError([`Cannot remove ${failures.length} of what the run made (way out: halfopen clean):`, ...left].join('\n'));
  }

  async #each(names: ReadonlySet<string>, remove: (name: string) => Promise<void>): Promise<{ name: string; reason: string }[]> {
    const results = await Promise.allSettled([...names].map(async (name) => remove(name)));
    return results.flatMap((result, index) =>
      result.status === 'fulfilled' ? [] : [{ name: [...names][index] ?? '', reason: (result.reason as Error).message }],
    );
  }
}
