const fails = { kind: 'status', status: 503 } as const;

/**
 * Ten HTTP rules, each of which must be held against every request of the bench (`GET /quote/4711` with a few headers) and hits none:
 * near misses by path, method and header, where a look at the first letter does not decide.
 */
export const quietRules = [
  { name: 'path', action: fails, target: { path: '/quote/4712' } },
  { name: 'prefix', action: fails, target: { path: '/quotes/*' } },
  { name: 'suffix', action: fails, target: { path: '*/history' } },
  { name: 'middle', action: { kind: 'delay', before: 'response', delayMs: 50 }, target: { path: '/quote/*/history' } },
  { name: 'method', action: { kind: 'abort', at: 'before' }, target: { method: 'POST', path: '/quote/*' } },
  { name: 'method-share', action: fails, target: { method: 'DELETE', share: 0.5 } },
  { name: 'header', action: fails, target: { headers: { 'x-tenant': 'test' } } },
  { name: 'header-value', action: { kind: 'hang' }, target: { method: 'GET', headers: { 'user-agent': 'other' } } },
  { name: 'nth', action: { kind: 'reply-lost' }, target: { path: '/orders/*', everyNth: 3 } },
  { name: 'first', action: { kind: 'refuse' }, target: { path: '/quote/4711/*', first: 5 } },
] as const;
