import type { RequestTemplate } from '../../../model/load.ts';
import type { Job } from './protocol.ts';

/** Which declared request a call of a script is; null: none of them. */
export type CallMatcher = (method: string, url: string) => RequestTemplate | null;

/** A call is the declared request whose method and path fit, at one of these origins; of several the one with the fewest placeholders. */
export function callMatcher(requests: readonly RequestTemplate[], origins: readonly string[]): CallMatcher {
  const patterns = requests
    .map((template) => ({ template, path: new RegExp(pathPattern(template.path)), open: placeholdersOf(template.path) }))
    .toSorted((left, right) => left.open - right.open);
  return (method, url) => {
    const parsed = URL.parse(url);
    if (parsed === null || !origins.includes(parsed.origin)) return null;
    return patterns.find(({ template, path }) => template.method === method && path.test(parsed.pathname))?.template ?? null;
  };
}

/** The calls whose bodies somebody reads, as the extension is asked for them. */
export function wantedBodies(requests: readonly RequestTemplate[]): Job['bodies'] {
  return requests
    .filter(({ observe, schema }) => observe !== undefined || schema !== undefined)
    .map(({ method, path }) => ({ method, path: pathPattern(path) }));
}

/** The origins under which a loopback address goes, and any other its own. */
export function originsOf({ host, port }: { readonly host: string; readonly port: number }): readonly string[] {
  const hosts = ['127.0.0.1', 'localhost', '[::1]', '::1'].includes(host)
    ? [...new Set([host, '127.0.0.1', 'localhost', '[::1]'])]
    : [host];
  return hosts.flatMap((name) => URL.parse(`http://${name}:${port}`)?.origin ?? []);
}

/** A regular expression that both JavaScript and RE2 read. */
function pathPattern(path: string): string {
  const pieces = (path.split('?', 1)[0] ?? '').split(/\{[^}]*\}/);
  return `^${pieces.map((piece) => piece.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('[^/]+')}$`;
}

function placeholdersOf(path: string): number {
  return path.split(/\{[^}]*\}/).length - 1;
}
