import { pathToFileURL } from 'node:url';

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200C\u200D]*$/u;

/**
 * The script that k6 runs instead of the user's: it hands on everything that the user's exports (options, setup, teardown,
 * handleSummary), and wraps the functions that its scenarios execute, so that their calls are recorded.
 */
export function wrapperOf(scriptPath: string, executed: readonly string[]): string {
  const url = JSON.stringify(pathToFileURL(scriptPath).href);
  const named = executed.filter((name) => name !== 'default' && IDENTIFIER.test(name));
  return [
    `import halfopen from 'k6/x/halfopen';`,
    `import * as script from ${url};`,
    `export * from ${url};`,
    ...(executed.includes('default') ? [`export default halfopen.wrap(script.default);`] : []),
    ...named.map((name, place) => `const executed${place} = halfopen.wrap(script[${JSON.stringify(name)}]);`),
    ...named.map((name, place) => `export { executed${place} as ${name} };`),
    '',
  ].join('\n');
}
