/** A threshold's condition as k6 reads it (`metrics/thresholds_parser.go`). */
export interface Condition {
  readonly aggregation: 'avg' | 'min' | 'med' | 'max' | 'p' | 'count' | 'rate' | 'value';
  /** Of `p(95)`: 0.95. */
  readonly quantile: number | null;
  readonly operator: Operator;
  readonly limit: number;
}

/** A metric, and the tags that its samples must have. */
export interface MetricFilter {
  readonly metric: string;
  readonly tags: readonly (readonly [name: string, value: string])[];
}

/** In this order: k6 takes the first that splits the text. */
const OPERATORS = ['<=', '<', '>=', '>', '===', '==', '!='] as const;
type Operator = (typeof OPERATORS)[number];

const AGGREGATIONS = ['value', 'count', 'rate', 'avg', 'min', 'med', 'max'] as const;

/** Null for what k6 would refuse. */
export function parseCondition(text: string): Condition | null {
  for (const operator of OPERATORS) {
    const place = text.indexOf(operator);
    const right = place < 0 ? '' : text.slice(place + operator.length);
    if (right === '') continue;
    const limit = numberOf(right.trim());
    const left = aggregationOf(text.slice(0, place).trim());
    return left === null || limit === null ? null : { ...left, operator, limit };
  }
  return null;
}

/** Reads `name` and `name{tag:value,other:value}`; null for what k6 would refuse. */
export function parseMetric(text: string): MetricFilter | null {
  const open = text.indexOf('{');
  if (open < 0) return text.includes('}') ? null : { metric: text, tags: [] };
  if (!text.endsWith('}')) return null;
  const pairs = text
    .slice(open + 1, -1)
    .split(',')
    .filter((pair) => pair !== '');
  return { metric: text.slice(0, open), tags: pairs.map(tagOf) };
}

/** Whether a value keeps a condition. */
export function isMetBy(value: number, { operator, limit }: Condition): boolean {
  switch (operator) {
    case '<=':
      return value <= limit;
    case '<':
      return value < limit;
    case '>=':
      return value >= limit;
    case '>':
      return value > limit;
    case '!=':
      return value !== limit;
    default:
      return value === limit;
  }
}

function aggregationOf(text: string): Pick<Condition, 'aggregation' | 'quantile'> | null {
  const plain = AGGREGATIONS.find((name) => name === text);
  if (plain !== undefined) return { aggregation: plain, quantile: null };
  const percent = numberOf(/^p\((.*)\)$/.exec(text)?.[1] ?? '');
  return percent === null || percent < 0 || percent > 100 ? null : { aggregation: 'p', quantile: percent / 100 };
}

function tagOf(pair: string): readonly [string, string] {
  const colon = pair.indexOf(':');
  const bare = (text: string): string => text.trim().replaceAll(/^["']+|["']+$/g, '');
  return colon < 0 ? [bare(pair), ''] : [bare(pair.slice(0, colon)), bare(pair.slice(colon + 1))];
}

function numberOf(text: string): number | null {
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}
