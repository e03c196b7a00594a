import type { OpenLoad, RequestTemplate } from '../../model/load.ts';
import { hexScatter, scatter } from './scatter.ts';

/** A request as it goes on the wire. */
export interface FilledRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | null;
}

/** A template with its placeholders found; calling it gives the request of one ordinal. */
export type Filler = (ordinal: number) => FilledRequest;

type Values = Readonly<Record<string, (ordinal: number) => string>>;

/**
 * The generators of a load, by placeholder. An ordinal has one value of each, wherever it stands in the request. UUIDs are the run's own,
 * like trace ids: services that outlive a run, or a database, would take those of a replay for repetitions.
 */
export function valuesOf(load: Pick<OpenLoad, 'values'>, { seed, runId }: { readonly seed: number; readonly runId: string }): Values {
  const hex = hexScatter(seed, `${runId}:load:uuid`, 4);
  const drawn = Object.entries(load.values).map(([name, list]): [string, (ordinal: number) => string] => {
    const draw = scatter(seed, `load:values:${name}`);
    return [name, (ordinal) => list[Math.floor((draw(ordinal) / 2 ** 32) * list.length)] ?? ''];
  });
  return { ...Object.fromEntries(drawn), uuid: (ordinal) => uuidOf(hex(ordinal)), seq: String };
}

/** 128 bits as a UUID of version 4 (RFC 9562 §5.4), which takes six of them. */
function uuidOf(hex: string): string {
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** Finds a template's placeholders once, so that an arrival costs a few concatenations. */
export function fillerOf(template: RequestTemplate, values: Values): Filler {
  const path = textFiller(template.path, values, encodeURIComponent);
  const headers = Object.entries(template.headers).map(([name, text]) => [name, textFiller(text, values, (value) => value)] as const);
  // Placeholders stand inside JSON strings only, so filling in the text is filling in the value.
  const body =
    template.body === undefined ? null : textFiller(JSON.stringify(template.body), values, (value) => JSON.stringify(value).slice(1, -1));
  const hasType = headers.some(([name]) => name.toLowerCase() === 'content-type');
  return (ordinal) => {
    const filled: Record<string, string> = body === null || hasType ? {} : { 'content-type': 'application/json' };
    for (const [name, fill] of headers) filled[name] = fill(ordinal);
    return { method: template.method, path: path(ordinal), headers: filled, body: body === null ? null : body(ordinal) };
  };
}

function textFiller(text: string, values: Values, escape: (value: string) => string): (ordinal: number) => string {
  const pieces = text.split(/\{([A-Za-z_][\w-]*)\}/);
  if (pieces.length === 1) return () => text;
  return (ordinal) => {
    let filled = '';
    for (const [index, piece] of pieces.entries()) {
      if (index % 2 === 0) filled += piece;
      else filled += values[piece] === undefined ? `{${piece}}` : escape(values[piece](ordinal));
    }
    return filled;
  };
}
