/** One request of the transcript; `{1}` to `{9}` in path and body are ports that were free when it began. */
export type Request = readonly [method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>];

const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11)' };
const proxy = (name: string, fields: object = {}): object => ({ name, upstream: '127.0.0.1:9', listen: 'localhost:{1}', ...fields });
const off = (name: string, fields: object = {}): object => ({ name, upstream: 'x:1', enabled: false, ...fields });

const routes: readonly Request[] = [
  ['GET', '/version'],
  ['GET', '/proxies'],
  ['GET', '/proxies?a=b'],
  ...['HEAD', 'OPTIONS', 'PUT', 'DELETE'].map((method): Request => [method, '/proxies']),
  ...['/', '/nothing', '/proxies/', '/metrics', '/version/'].map((path): Request => ['GET', path]),
  ['GET', '//proxies'],
  ['POST', '//proxies', {}],
  ['GET', '/proxies/../version?x=1'],
  ['GET', '/proxies/%zz'],
  ...['http://host/version', 'HTTPS://u:p@host:1/version', 'http://host//version?x=1', 'http://host?x=1', '*', '/*'].map(
    (path): Request => ['GET', path],
  ),
  ['OPTIONS', '*'],
  ['OPTIONS', '/*'],
  ...['/version', '/proxies', '/proxies/nobody', '/nothing'].map((path): Request => ['GET', path, undefined, BROWSER]),
  ['PUT', '/version', undefined, BROWSER],
  ['GET', '/version', undefined, { 'user-agent': 'curl Mozilla/5.0' }],
];

const created: readonly Request[] = [
  ...['', 'null', '[]', '5', '{', 'nullx', '{"name":5}', '\uFEFF{"name":"bom","upstream":"x:1"}'].map((body): Request => [
    'POST',
    '/proxies',
    body,
  ]),
  ['POST', '/proxies', {}],
  ['POST', '/proxies', { name: '', upstream: '' }],
  ['POST', '/proxies', { name: 'a' }],
  ['POST', '/proxies', { name: 'a', upstream: 'x:1', enabled: 'yes' }],
  ['POST', '/proxies', { name: 'a', upstream: 'x:1', listen: 5 }],
  ['POST', '/proxies', proxy('a')],
  ['POST', '/proxies', proxy('a')],
  ['POST', '/proxies', proxy('b')],
  ['GET', '/proxies/b'],
  ...['local373', 'a:b:c', '127.0.0.1:99999', '127.0.0.1:abc', '127.0.0.1:-1', 'nosuch.invalid:1', '[::1:1', '[::1]', '203.0.113.1:1'].map(
    (listen): Request => ['POST', '/proxies', proxy('c', { listen })],
  ),
  ...['127.1:0', '0:0', '0x7f.1:0', '127.0.0.01:0', ' 127.0.0.1:0'].map((listen): Request => ['POST', '/proxies', proxy('c', { listen })]),
  ['POST', '/proxies', proxy('c', { listen: '127.0.0.1:' })],
  ['POST', '/proxies', proxy('mapped', { listen: '[::FFFF:127.0.0.1]:0' })],
  ['POST', '/proxies', proxy('signed', { listen: '127.0.0.1:+0' })],
  ['POST', '/proxies', proxy('six', { listen: '[::1]:{2}' })],
  ['POST', '/proxies', proxy('any', { listen: '0.0.0.0:{3}' })],
  ['POST', '/proxies', proxy('all', { listen: ':{4}' })],
  ['POST', '/proxies', proxy('free', { listen: undefined })],
  ['POST', '/proxies', off('later', { listen: 'localhost:{5}' })],
  ['POST', '/proxies', off('nowhere')],
  ['POST', '/proxies', proxy('url', { upstream: 'http://x/', listen: '127.0.0.1:{6}', enabled: null, toxics: null })],
  ['POST', '/proxies', '{"NAME":"n","uPSTREAM":"x:1","listen":"127.0.0.1:{7}","other":[1]} trailing'],
  ['POST', '/proxies', '{"name":"q1","name":"q2","NAME":null,"upstream":"x:1","enabled":false}'],
  ['POST', '/proxies', off('a<b>&c\u2028')],
  ['POST', '/proxies', off('ü é')],
  ['GET', '/proxies/%C3%BC%20%C3%A9'],
  ['POST', '/proxies', off('10')],
  ['POST', '/proxies', off('9')],
  ['GET', '/proxies'],
  ['GET', '/proxies/nobody'],
];

const updated: readonly Request[] = [
  ['PATCH', '/proxies/nobody', '{'],
  ...['{', '', 'null', '[]'].map((body): Request => ['PATCH', '/proxies/a', body]),
  ['PATCH', '/proxies/a', { name: 'other', enabled: null }],
  ...['local373', 'nosuch.invalid:1', '127.0.0.1:99999', '127.1:0'].map((listen): Request => ['POST', '/proxies/a', { listen }]),
  ['GET', '/proxies/a'],
  ['POST', '/proxies/a', { listen: '' }],
  ['POST', '/proxies/a', { listen: '127.0.0.1:{1}' }],
  ['POST', '/proxies/a', { listen: '127.0.0.1:{6}' }],
  ['GET', '/proxies/a'],
  ['POST', '/proxies/a', { enabled: true }],
  ['POST', '/proxies/a', { listen: 'localhost:{1}', enabled: true }],
  ['PATCH', '/proxies/a', { enabled: false }],
  ['PATCH', '/proxies/a', { enabled: false }],
  ['PATCH', '/proxies/a', { enabled: true }],
  ['PATCH', '/proxies/a', { upstream: '127.0.0.1:10' }],
  ['PATCH', '/proxies/a', { upstream: '' }],
  ['PATCH', '/proxies/later', { listen: '127.0.0.1:{5}' }],
  ['PATCH', '/proxies/later', { listen: 'localhost:{5}' }],
  ['PATCH', '/proxies/later', { listen: 'localhost:{8}' }],
];

const toxic = (fields: object): Request => ['POST', '/proxies/a/toxics', fields];

const toxics: readonly Request[] = [
  ['GET', '/proxies/a/toxics'],
  ['GET', '/proxies/nobody/toxics'],
  ['POST', '/proxies/nobody/toxics', '{'],
  ...['', 'null', '{}', '[]'].map((body): Request => ['POST', '/proxies/a/toxics', body]),
  toxic({ type: 'unknown', stream: '' }),
  toxic({ type: 'latency', stream: 'sideways' }),
  toxic({ type: 'down' }),
  toxic({ type: 'Latency' }),
  ...[5, [], 'x'].map((attributes): Request => toxic({ type: 'latency', stream: 'sideways', attributes })),
  toxic({ type: 'latency' }),
  toxic({ type: 'latency' }),
  toxic({ type: 'latency', stream: 'Upstream', attributes: { LATENCY: 5, jitter: null, other: 1 }, toxicity: null }),
  toxic({ type: 'latency', stream: 'UPSTREAM', name: 'latency_downstream' }),
  toxic({ type: 'latency', name: 'latency_downstream', attributes: { latency: 'x' } }),
  toxic({ type: 'latency', name: 'wrong', attributes: { latency: '5' } }),
  toxic({ type: 'latency', name: 'wrong', attributes: { latency: 5.5 } }),
  toxic({ type: 'latency', name: 'wrong', toxicity: '1' }),
  toxic({ type: 'latency', name: 'nothing', attributes: null }),
  ...['0.1', '0.3333333', '7', '-1e-9', '1e39', '0.123456789', '1e21', '16777217', '1e-46', '0.05'].map((toxicity, index): Request => [
    'POST',
    '/proxies/a/toxics',
    `{"type":"noop","name":"t${index}","toxicity":${toxicity}}`,
  ]),
  ...['bandwidth', 'slow_close', 'timeout', 'reset_peer', 'slicer', 'limit_data'].map((type): Request =>
    toxic({ type, stream: 'upstream', name: type }),
  ),
  ['GET', '/proxies/a/toxics'],
  ['GET', '/proxies/a/toxics/t0'],
  ['GET', '/proxies/a/toxics/nobody'],
  ['GET', '/proxies/nobody/toxics/t0'],
  ['PATCH', '/proxies/a/toxics/slicer', { attributes: { average_size: 32, delay: 3 } }],
  [
    'POST',
    '/proxies/a/toxics/slicer',
    { attributes: { average_size: 64, SIZE_variation: 3 }, name: 'other', type: 'timeout', stream: 'downstream', toxicity: 0.25 },
  ],
  ...['null', '{}', '', '[]', '{"attributes":null}', '{"attributes":5}', '{"toxicity":"x"}'].map((body): Request => [
    'PATCH',
    '/proxies/a/toxics/slicer',
    body,
  ]),
  ['PATCH', '/proxies/a/toxics/nobody', '{'],
  ['PATCH', '/proxies/nobody/toxics/nobody', '{'],
  ['PUT', '/proxies/a/toxics/t0'],
  ['DELETE', '/proxies/a/toxics/nobody'],
  ['DELETE', '/proxies/nobody/toxics/t0'],
  ['DELETE', '/proxies/a/toxics/t0'],
  ['DELETE', '/proxies/a/toxics/t0'],
  ['GET', '/proxies/a'],
];

const populate = (...entries: readonly unknown[]): Request => ['POST', '/populate', entries];

const populated: readonly Request[] = [
  ['GET', '/populate'],
  ...['', '{}'].map((body): Request => ['POST', '/populate', body]),
  populate(null),
  populate(5),
  populate(proxy('p1', { listen: '127.0.0.1:{8}' }), { upstream: 'x:1' }),
  populate({ name: 'p1' }, { name: 'p2' }),
  populate(proxy('p1', { enabled: 'x' })),
  ['GET', '/proxies/p1'],
  populate(proxy('p1', { listen: '127.0.0.1:{8}' }), proxy('p2', { listen: '127.0.0.1:{8}' }), proxy('p3', { listen: '127.0.0.1:{9}' })),
  ['GET', '/proxies/p3'],
  ['GET', '/proxies/p2'],
  populate(proxy('p1', { listen: 'localhost:{8}', enabled: false })),
  ['POST', '/proxies/p1/toxics', { type: 'noop' }],
  populate(proxy('p1', { listen: 'localhost:{8}' })),
  populate(proxy('p1', { listen: '127.0.0.1:{1}' })),
  ['GET', '/proxies/p1'],
  populate(proxy('p1', { listen: 'bad' })),
  ['GET', '/proxies/p1'],
  populate(proxy('p9', { listen: 'bad' })),
  populate(proxy('p1', { upstream: 'x:2', listen: '127.0.0.1:{8}', enabled: null })),
  populate(proxy('p1', { upstream: 'x:2', listen: '127.0.0.1:{8}' }), proxy('p1', { upstream: 'x:3', listen: '127.0.0.1:{8}' })),
  populate(off('p4', { listen: 'localhost:{9}' })),
  populate(proxy('p4', { upstream: 'x:1', listen: 'localhost:{9}' })),
  ['PATCH', '/proxies/p4', { enabled: false }],
  populate(proxy('p4', { upstream: 'x:1', listen: 'localhost:{9}' })),
  populate(off('p5', { listen: '0.0.0.0:{5}' })),
  populate(proxy('p5', { upstream: 'x:1', listen: '0.0.0.0:{5}' })),
];

const reset: readonly Request[] = [
  ['GET', '/reset'],
  ['DELETE', '/proxies/nobody'],
  ['DELETE', '/proxies/later'],
  ['POST', '/reset', 'garbage'],
  ['GET', '/proxies'],
  ['DELETE', '/proxies/a'],
  ['GET', '/proxies/a'],
  ['DELETE', '/proxies/a/toxics/x'],
];

/** The whole conversation, in order. */
export const requests: readonly Request[] = [...routes, ...created, ...updated, ...toxics, ...populated, ...reset];
