/**
 * What may import what in `harness/`, as data. `ARCHITECTURE.md` prints the first table; `test/architecture.test.ts` holds the code
 * to both and compares the print.
 */

/** One stage (or one part of `run`) with the paths that it consists of, relative to `harness/`. */
export interface Stage {
  readonly stage: string;
  /**
   * What its files may import besides each other, relative to `harness/`: a file, a folder, `*` for one path segment, `node:` for any
   * of Node's modules. `types of …` allows type-only imports. npm packages are in `PACKAGES`.
   */
  readonly mayImport: readonly string[];
  /** `pure`: no `node:`, no clock, no randomness, no process, no timers. `browser`: no `node:` and no process. */
  readonly kind: 'pure' | 'browser' | 'impure' | 'composition' | 'names only';
}

const RUN_PART = ['model', 'run/clock.ts', 'types of run/*/contract.ts', 'node:'];

export const STAGES: readonly Stage[] = [
  { stage: 'model', mayImport: [], kind: 'pure' },
  { stage: 'scenario', mayImport: ['model'], kind: 'pure' },
  { stage: 'plan', mayImport: ['model'], kind: 'pure' },
  { stage: 'analysis', mayImport: ['model'], kind: 'pure' },
  { stage: 'verdict', mayImport: ['model'], kind: 'pure' },
  { stage: 'gate', mayImport: ['model'], kind: 'pure' },
  { stage: 'report', mayImport: ['model'], kind: 'pure' },
  { stage: 'report/html/viewer', mayImport: ['model', 'report/html/payload.ts', 'report/plain-text.ts'], kind: 'browser' },
  { stage: 'compose', mayImport: ['model'], kind: 'pure' },
  { stage: 'run/environments', mayImport: [...RUN_PART, 'compose'], kind: 'impure' },
  { stage: 'run/proxy', mayImport: RUN_PART, kind: 'impure' },
  { stage: 'run/faults', mayImport: RUN_PART, kind: 'impure' },
  { stage: 'run/load', mayImport: RUN_PART, kind: 'impure' },
  { stage: 'run/probes', mayImport: RUN_PART, kind: 'impure' },
  { stage: 'run/ledger', mayImport: RUN_PART, kind: 'impure' },
  { stage: 'run', mayImport: ['model', 'run/*', 'node:'], kind: 'impure' },
  { stage: 'recording', mayImport: ['model', 'node:sqlite', 'node:fs'], kind: 'impure' },
  {
    stage: 'pipeline.ts',
    mayImport: [
      'model',
      'scenario',
      'plan',
      'run/perform.ts',
      'run/parts.ts',
      'run/clock.ts',
      'run/ledger/index.ts',
      'run/dead-runs.ts',
      'run/engine-at-hand.ts',
      'run/leftovers.ts',
      'run/load/company.ts',
      'run/load/files.ts',
      'recording',
      'analysis',
      'verdict',
      'node:fs',
      'node:os',
      'node:path',
    ],
    kind: 'composition',
  },
  { stage: 'index.ts', mayImport: ['model', 'scenario', 'run/faults', 'run/probes', 'analysis/checks', 'pipeline.ts'], kind: 'names only' },
  {
    stage: 'cli',
    mayImport: [
      'index.ts',
      'pipeline.ts',
      'model',
      '*/index.ts',
      'plan/describe.ts',
      'report/comparison.ts',
      'report/coverage-lines.ts',
      'report/gate-lines.ts',
      'scenario/validate-slo.ts',
      'gate/coverage.ts',
      'gate/gate.ts',
      'gate/groups.ts',
      'gate/open-slo.ts',
      'gate/open-slo-import.ts',
      'gate/read-coverage.ts',
      'gate/read-statistics.ts',
      'gate/slo.ts',
      'gate/until-decided.ts',
      'report/terminal.ts',
      'report/terminal-contract.ts',
      'report/terminal-summary.ts',
      'types of report/contract.ts',
      'run/proxy/server.ts',
      'compose',
      'run/environments/compose/docker-compose.ts',
      'run/environments/compose/own-code.ts',
      'run/load/k6/build.ts',
      'node:',
    ],
    kind: 'impure',
  },
  {
    stage: 'proxy',
    mayImport: [
      'model',
      'run/proxy/server.ts',
      'run/proxy/tap-client.ts',
      'types of run/proxy/contract.ts',
      'types of run/proxy/toxics/index.ts',
      'node:',
    ],
    kind: 'impure',
  },
  { stage: 'playwright', mayImport: ['run/load/playwright/journey.ts'], kind: 'names only' },
  { stage: 'vitest', mayImport: ['index.ts', 'pipeline.ts', 'model', '*/index.ts', 'node:'], kind: 'impure' },
];

/** Each npm package and the only places (relative to `harness/`) that may import it. `(computed)`: what a user wrote, loaded by path. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  zod: ['scenario/body-schema.ts'],
  'toxiproxy-node-client': ['run/proxy/client.ts', 'run/proxy/real-toxiproxy.ts'],
  testcontainers: ['run/environments/containers/engine.ts', 'run/environments/backing/start-module.ts'],
  '@testcontainers/postgresql': ['run/environments/backing/postgres.ts'],
  '@testcontainers/rabbitmq': ['run/environments/backing/rabbitmq.ts'],
  '@testcontainers/redis': ['run/environments/backing/redis.ts'],
  dockerode: ['run/environments/containers'],
  zx: ['run/environments/compose/docker-compose.ts'],
  undici: ['run/load/http-client.ts'],
  ajv: ['run/load/body-schema.ts'],
  uplot: ['report/html/viewer/charts.ts', 'report/html/viewer/timeline.ts'],
  commander: ['cli/program.ts'],
  yaml: ['cli/slo.ts'],
  // What k6 itself offers to the scripts that it runs.
  k6: ['run/load/k6/runner.ts', 'run/load/k6/stock-runner.ts'],
  'playwright-core': ['run/load/playwright'],
  '(computed)': ['cli/custom-reporters.ts', 'cli/project.ts', 'cli/scenarios.ts', 'cli/systems.ts', 'run/load/playwright/journey-file.ts'],
  vitest: ['vitest'],
};

/** A table of kinds: each file of the folder that declares something of type `row` must be a row of the folder's `index.ts`. */
export interface KindTable {
  readonly folder: string;
  /** The type that a row is annotated with, or that the function which makes it returns. */
  readonly row: string;
  /** Fewest rows that must be seen, so that a renamed type does not switch the check off. */
  readonly rowsMin: number;
}

export const KIND_TABLES: readonly KindTable[] = [
  { folder: 'run/environments', row: 'EnvironmentDriver', rowsMin: 1 },
  { folder: 'run/environments/backing', row: 'BackingKind', rowsMin: 3 },
  { folder: 'run/faults', row: 'FaultDriver', rowsMin: 18 },
  { folder: 'run/load', row: 'LoadDriver', rowsMin: 1 },
  { folder: 'run/probes', row: 'ProbeDriver', rowsMin: 1 },
  { folder: 'run/proxy/toxics', row: 'ToxicKind', rowsMin: 12 },
  { folder: 'run/proxy/http/actions', row: 'ActionKind', rowsMin: 13 },
  { folder: 'analysis/checks', row: 'Check', rowsMin: 16 },
  { folder: 'analysis/guards', row: 'Guard', rowsMin: 8 },
  { folder: 'report', row: 'Reporter', rowsMin: 3 },
  { folder: 'cli', row: 'Command', rowsMin: 8 },
];

/** The stage's table as Markdown: what stands between the markers in `ARCHITECTURE.md`. */
export function printStages(): string {
  const rows = STAGES.map(({ stage, mayImport, kind }) => {
    const packages = Object.keys(PACKAGES).filter((name) => PACKAGES[name]?.some((place) => stageOf(place)?.stage === stage));
    const places = packages.map((name) => `${name} (${(PACKAGES[name] ?? []).map((place) => `\`${place}\``).join(', ')})`);
    const imports = [...mayImport.map((entry) => entry.replace(/^(types of )?(.*)$/, '$1`$2`')), ...places];
    return `| \`${stage}\` | ${imports.length === 0 ? 'nothing' : imports.join(', ')} | ${kind} |`;
  });
  return ['| stage | may import, besides itself | kind |', '|---|---|---|', ...rows].join('\n');
}

/** The stage with the longest path that holds this file, relative to `harness/`. */
export function stageOf(path: string): Stage | undefined {
  return STAGES.filter(({ stage }) => path === stage || path.startsWith(`${stage}/`)).reduce<Stage | undefined>(
    (longest, stage) => (longest === undefined || stage.stage.length > longest.stage.length ? stage : longest),
    undefined,
  );
}
