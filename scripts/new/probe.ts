import { addBefore, addImport, addPublicName } from './edits.ts';
import { keyOf, type Names, type Recipe } from './recipe.ts';

const TABLE = 'harness/run/probes/index.ts';
const SUITE = 'test/contracts/probes.test.ts';

/** A probe that reads `breaker=<name> state=<state>` from log lines; where states are really read is the author's. */
export const probe: Recipe = {
  file: (names) => ({ path: `harness/run/probes/${names.kebab}.ts`, text: template(names) }),
  changes: ({ kebab, camel }) => [
    addImport(TABLE, `import { ${camel}Driver } from './${kebab}.ts';`),
    addBefore(TABLE, `  ${keyOf(kebab)}: ${camel}Driver,`, /^\} as const/),
    addBefore('harness/index.ts', `export { ${camel} } from './run/probes/${kebab}.ts';`, /\n\/\/ What a scenario expects\./),
    addImport(SUITE, `import { ${camel} } from '../../harness/run/probes/${kebab}.ts';`),
    addBefore(SUITE, `  ${keyOf(kebab)}: [${camel}()],`, /^\};/, 'const examples'),
    addPublicName(`function ${camel}`),
  ],
  proof: SUITE,
  next: ['measure it against the library’s own events', 'describe it in README.md', 'say in CHANGELOG.md that it is there'],
};

function template({ kebab, camel, pascal, words }: Names): string {
  return `import { BREAKER_STATES, type BreakerState, type Probe } from '../../model/breaker.ts';
import type { ServiceLine, ServiceProcessEvent } from '../environments/contract.ts';
import type { ProbeContext, ProbeDriver, Watch } from './contract.ts';

/** Say where this probe reads a breaker's transitions. */
export interface ${pascal} extends Probe {
  readonly kind: '${kebab}';
}

/**
 * Say in one sentence what the service must do. As it was made: transitions are read from log lines that hold
 * \`breaker=<name> state=<state>\`.
 *
 * @example
 * \`\`\`ts
 * import { ${camel} } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(${camel}(), { kind: '${kebab}' });
 * \`\`\`
 */
export function ${camel}(): ${pascal} {
  return { kind: '${kebab}' };
}

export const ${camel}Driver: ProbeDriver = {
  kind: '${kebab}',
  needs: ['stdout'],
  schema: {},
  canSeeHalfOpen: true,
  observerEffect: 'one line of stdout for each transition',
  describe: () => '${words}',
  watch: (context) => new ${pascal}Watch(context),
};

class ${pascal}Watch implements Watch {
  readonly #context: ProbeContext;
  #states = new Map<string, BreakerState>();

  constructor(context: ProbeContext) {
    this.#context = context;
  }

  onLine({ text, instance, atUs }: ServiceLine): void {
    const [, name, word] = /\\bbreaker=(\\S+) state=(\\S+)/.exec(text) ?? [];
    const state = BREAKER_STATES.find((known) => known === word);
    if (name !== this.#context.breaker || state === undefined) return;
    if (this.#states.size === 0) this.#report(atUs, 'watching', \`first heard: \${state}\`);
    this.#move(instance, state, atUs, 'log');
  }

  onProcess({ instance, atUs }: ServiceProcessEvent): void {
    // A process that came or went has said nothing yet: its breaker's state is unknown, which never reads as closed.
    if (this.#states.has(instance)) this.#move(instance, 'unknown', atUs, 'process');
  }

  [Symbol.dispose](): void {
    if (this.#states.size > 0) return;
    this.#report(this.#context.clock.nowUs(), 'silent', \`no line about '\${this.#context.breaker}'\`);
  }

  #move(instance: string, to: BreakerState, atUs: number, source: 'log' | 'process'): void {
    const from = this.#states.get(instance) ?? 'unknown';
    this.#states.set(instance, to);
    if (from === to) return;
    const { breaker, sink } = this.#context;
    sink({ table: 'events', row: { kind: 'breaker', atUs, breaker, instance, from, to, earliestUs: atUs, latestUs: atUs, source } });
  }

  #report(atUs: number, state: 'watching' | 'silent', detail: string): void {
    const { breaker, sink } = this.#context;
    sink({ table: 'events', row: { kind: 'probe', atUs, breaker, state, detail } });
  }
}
`;
}
