import { UsageError, type Problem } from '../model/problem.ts';
import type { Config } from '../model/scenario.ts';
import { shapeProblems, show, type Shape } from '../model/shape.ts';
import { canonicalHost } from '../model/target.ts';
import { NO_NAMES, isRecord, unknownFieldProblems } from './validate-data.ts';
import { configuredSloProblems } from './validate-slo.ts';

const DEFAULTS: Config = {
  scenarios: ['scenarios'],
  environment: 'embedded',
  output: 'reports',
  reporters: ['terminal', 'html', 'junit', 'json'],
  redact: [],
  guards: {},
};

const GUARDS: Shape = {
  baselineOkRatioMin: { type: 'number', min: 0, max: 1, optional: true },
  baselineDriftRatioMax: { type: 'number', min: 1, optional: true },
  baselineDriftMsMin: { type: 'number', min: 0, unit: 'ms', optional: true },
  offeredRatioMin: { type: 'number', min: 0, max: 1, optional: true },
  startLagP99MsMax: { type: 'number', min: 0, unit: 'ms', optional: true },
  loopDelayP99MsMax: { type: 'number', min: 0, unit: 'ms', optional: true },
  sentinelP95MsMax: { type: 'number', min: 0, unit: 'ms', optional: true },
};

const TEXT = { type: 'string', optional: true } as const;
const SWITCH = { type: 'boolean', optional: true } as const;
const TEXTS = { type: 'string', list: true, optional: true } as const;
const NAMED_TEXTS = { type: 'json', optional: true } as const;

const SIDE_PX = { type: 'integer', min: 100, max: 4000 } as const;

/** What each environment, and each load driver, may be told. */
const PLACES: Readonly<Record<string, Shape>> = {
  docker: { image: TEXT, toxiproxyImage: TEXT, reuse: SWITCH },
  compose: { files: TEXTS, profiles: TEXTS, reuse: SWITCH },
  attach: {
    toxiproxy: { type: 'string' },
    entry: { type: 'string' },
    proxies: NAMED_TEXTS,
    ready: NAMED_TEXTS,
    reach: NAMED_TEXTS,
    besideToxics: SWITCH,
  },
  k6: {
    executable: TEXT,
    instances: { type: 'integer', min: 1, max: 16, optional: true },
    vusMax: { type: 'integer', min: 1, max: 20_000, optional: true },
  },
  browser: {
    executable: TEXT,
    flags: TEXTS,
    pagesMax: { type: 'integer', min: 1, max: 200, optional: true },
    viewport: { type: 'object', fields: { width: SIDE_PX, height: SIDE_PX }, optional: true },
    trace: SWITCH,
    video: SWITCH,
  },
};

function placeProblems(config: Readonly<Record<string, unknown>>): Problem[] {
  const problems = Object.entries(PLACES).flatMap(([name, shape]) =>
    name in config ? shapeProblems(config[name], shape, NO_NAMES, name) : [],
  );
  const { allowTargets } = config;
  if (allowTargets !== undefined && !(Array.isArray(allowTargets) && allowTargets.length === 0))
    problems.push(...shapeProblems({ hosts: allowTargets }, { hosts: TEXTS }, NO_NAMES, 'allowTargets'), ...hostProblems(config));
  const attach = config['attach'];
  if (isRecord(attach))
    problems.push(...['proxies', 'ready', 'reach'].flatMap((field) => namedTextProblems(attach[field], `attach.${field}`)));
  return problems;
}

/** An entry that can match nothing was meant to allow something. */
function hostProblems({ allowTargets }: Readonly<Record<string, unknown>>): Problem[] {
  if (!Array.isArray(allowTargets)) return [];
  return allowTargets.flatMap((host: unknown, index) =>
    typeof host !== 'string' || canonicalHost(host) !== null
      ? []
      : [{ path: `allowTargets[${index}]`, expected: 'the name or address of one host, without scheme, port or path', found: show(host) }],
  );
}

function namedTextProblems(value: unknown, path: string): Problem[] {
  if (value === undefined) return [];
  if (!isRecord(value)) return [{ path, expected: 'an object of texts', found: show(value) }];
  return Object.entries(value).flatMap(([name, text]) =>
    typeof text === 'string' && text !== '' ? [] : [{ path: `${path}['${name}']`, expected: 'a text', found: show(text) }],
  );
}

/** Largest seed: seeds are 32-bit. */
const SEED_MAX = 0xffff_ffff;

/**
 * Declares the configuration of a project; every field has a default.
 *
 * @throws {UsageError} with all problems at once: unknown fields, values of the wrong kind, patterns that are no regular expression
 * @example
 * ```ts
 * import { defineConfig } from 'halfopen';
 * import assert from 'node:assert/strict';
 *
 * assert.deepEqual(defineConfig({ output: 'chaos-reports' }).scenarios, ['scenarios']);
 * ```
 */
export function defineConfig(config: Partial<Config> = {}): Config {
  const problems = configProblems(config);
  if (problems.length > 0) throw new UsageError('Cannot read the configuration as it is wrong:', problems);
  return { ...DEFAULTS, ...config };
}

function configProblems(config: unknown): Problem[] {
  if (!isRecord(config)) return [{ path: 'config', expected: 'an object', found: show(config) }];
  const problems = unknownFieldProblems(
    config,
    [...Object.keys(DEFAULTS), 'seed', 'load', 'slos', ...Object.keys(PLACES), 'allowTargets'],
    '',
  );
  for (const key of ['scenarios', 'reporters', 'redact']) {
    const value = config[key];
    if (!(key in config)) continue;
    const isTexts = Array.isArray(value) && value.every((entry) => typeof entry === 'string' && entry !== '');
    if (!isTexts || (key === 'scenarios' && value.length === 0))
      problems.push({ path: key, expected: 'a list of texts', found: show(value) });
  }
  for (const key of ['environment', 'output', 'load']) {
    const value = config[key];
    if (key in config && (typeof value !== 'string' || value === '')) problems.push({ path: key, expected: 'a text', found: show(value) });
  }
  if ('seed' in config) problems.push(...shapeProblems({ seed: config['seed'] }, { seed: SEED }, NO_NAMES, ''));
  if ('guards' in config) problems.push(...shapeProblems(config['guards'], GUARDS, NO_NAMES, 'guards'));
  if ('slos' in config) problems.push(...configuredSloProblems(config['slos']));
  problems.push(...placeProblems(config));
  if (Array.isArray(config['redact'])) problems.push(...config['redact'].flatMap(patternProblems));
  return problems.map((problem) => ({ ...problem, path: problem.path.replace(/^\./, '') }));
}

const SEED = { type: 'integer', min: 0, max: SEED_MAX } as const;

function patternProblems(pattern: unknown, index: number): Problem[] {
  if (typeof pattern !== 'string') return [];
  try {
    return new RegExp(pattern).test('')
      ? [{ path: `redact[${index}]`, expected: 'a pattern that does not match the empty text', found: show(pattern) }]
      : [];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [{ path: `redact[${index}]`, expected: 'a regular expression', found: show(pattern), hint: error.message }];
  }
}
