/** Random HTTP/1.1 conversations as bytes: valid, unusual, broken. */
import fc from 'fast-check';

/** One request with the reply that the callee gives to it; texts are Latin-1, one character a byte. */
export interface Turn {
  readonly request: string;
  readonly reply: string;
  /** When the callee answers: at the request's end, once it has the head, or at the first byte. */
  readonly answersAt: 'end' | 'head' | 'start';
}

/** What one caller and one callee say to each other over one connection. */
export interface Conversation {
  readonly turns: readonly Turn[];
  /** Where each side's bytes are cut into writes of their own. */
  readonly cuts: readonly number[];
  /** The caller ends its direction as soon as it has said everything. */
  readonly halfCloses: boolean;
}

const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,11}$/);
const value = fc.stringMatching(/^[\x21-\x7e\xa1-\xff]{0,20}$/);
const content = fc.oneof(
  fc.string({ maxLength: 200, unit: 'binary-ascii' }),
  fc.nat(70_000).map((length) => 'q'.repeat(length)),
);
const extension = fc.constantFrom('', ';a', ';a=b', ';name="quoted text"');
const headers = fc
  .array(
    fc.tuple(
      token.map((name) => `x-${name}`),
      value,
      fc.constantFrom(': ', ':', ':  ', ':\t'),
    ),
    { maxLength: 5 },
  )
  .map((list) => list.map(([name, text, colon]) => `${name}${colon}${text}\r\n`).join(''));

const trailers = fc.oneof(
  fc.constant(''),
  token.map((name) => `x-${name}: later\r\n`),
);

const chunked = fc
  .record({
    parts: fc.array(fc.tuple(content, extension), { maxLength: 4 }),
    padding: fc.constantFrom('', '0', '000'),
    trailers,
    isUpper: fc.boolean(),
  })
  .map(({ parts, padding, trailers: trailer, isUpper }) => {
    const size = (text: string): string => (isUpper ? text.length.toString(16).toUpperCase() : text.length.toString(16));
    const chunks = parts.filter(([text]) => text !== '').map(([text, ext]) => `${padding}${size(text)}${ext}\r\n${text}\r\n`);
    return { header: 'Transfer-Encoding: chunked\r\n', text: `${chunks.join('')}0\r\n${trailer}\r\n` };
  });

const sized = content.map((text) => ({ header: `Content-Length: ${text.length}\r\n`, text }));
const bare = fc.constant({ header: '', text: '' });
const method = fc.constantFrom('GET', 'GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH');
const target = fc.stringMatching(/^\/[a-z0-9/%?=&.]{0,30}$/);

const request = fc
  .record({ method, target, headers, body: fc.oneof(bare, sized, chunked), isExpecting: fc.boolean(), isOld: fc.constant(false) })
  .map(({ method: verb, target: path, headers: fields, body, isExpecting }) => ({
    verb,
    head: `${verb} ${path} HTTP/1.1\r\nHost: callee\r\n${isExpecting && body.text !== '' ? 'Expect: 100-continue\r\n' : ''}${fields}${body.header}\r\n`,
    body: body.text,
  }));

/** Replies whose end can be seen without the connection's. */
const reply = fc.record({
  status: fc.constantFrom(200, 200, 201, 204, 304, 404, 500, 503),
  interim: fc.constantFrom('', '', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
  headers,
  body: fc.oneof(sized, chunked),
});

const turn: fc.Arbitrary<Turn> = fc
  .record({ asked: request, answered: reply, answersAt: fc.constantFrom('end' as const, 'head' as const) })
  .map(({ asked, answered, answersAt }) => {
    const { status, interim, headers: fields, body } = answered;
    const isBodiless = asked.verb === 'HEAD' || status === 204 || status === 304;
    return {
      request: `${asked.head}${asked.body}`,
      reply: `${interim}HTTP/1.1 ${status} Some Reason\r\n${fields}${body.header}\r\n${isBodiless ? '' : body.text}`,
      answersAt,
    };
  });

/** What may come last on a connection: nothing can follow it. */
const lastTurn: fc.Arbitrary<Turn> = fc.oneof(
  turn,
  // A reply that lasts until the connection ends.
  content.map((text) => ({ request: 'GET /close HTTP/1.1\r\n\r\n', reply: `HTTP/1.1 200 OK\r\n\r\n${text}`, answersAt: 'end' as const })),
  content.map((text) => ({ request: 'GET /old HTTP/1.0\r\n\r\n', reply: `HTTP/1.0 200 OK\r\n\r\n${text}`, answersAt: 'end' as const })),
  // From here on it is no HTTP any more.
  fc.tuple(content, content).map(([up, down]) => ({
    request: `GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\n${up}`,
    reply: `HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\n${down}`,
    answersAt: 'head' as const,
  })),
  fc.tuple(content, content).map(([up, down]) => ({
    request: `CONNECT host:443 HTTP/1.1\r\nHost: host\r\n\r\n${up}`,
    reply: `HTTP/1.1 200 Connected\r\n\r\n${down}`,
    answersAt: 'head' as const,
  })),
  // Broken in any way, on either side. The end of such a request is a matter of opinion: its callee waits for none.
  fc.tuple(turn, fc.nat(), fc.string({ maxLength: 3, unit: 'binary-ascii' }), fc.boolean()).map(([whole, place, junk, isReply]) => {
    const broken = (text: string): string =>
      `${text.slice(0, place % (text.length + 1))}${junk}${text.slice((place % (text.length + 1)) + junk.length)}`;
    return isReply ? { ...whole, reply: broken(whole.reply) } : { ...whole, request: broken(whole.request), answersAt: 'start' as const };
  }),
  // Cut off in the middle.
  fc
    .tuple(turn, fc.nat(), fc.boolean())
    .map(([whole, place, isReply]) =>
      isReply
        ? { ...whole, reply: whole.reply.slice(0, place % whole.reply.length) }
        : { ...whole, request: whole.request.slice(0, 1 + (place % (whole.request.length - 1))), answersAt: 'start' as const },
    ),
  fc
    .tuple(fc.string({ minLength: 1, maxLength: 300, unit: 'binary-ascii' }), content)
    .map(([up, down]) => ({ request: up, reply: down, answersAt: 'start' as const })),
);

export const conversation: fc.Arbitrary<Conversation> = fc
  .record({
    first: fc.array(turn, { maxLength: 4 }),
    last: lastTurn,
    cuts: fc.array(fc.nat(5000), { maxLength: 12 }),
    halfCloses: fc.boolean(),
  })
  .map(({ first, last, cuts, halfCloses }) => ({
    turns: [...first, last],
    cuts,
    // Half a head is held until it is whole: only its caller's end says that it never will be.
    halfCloses: halfCloses || last.answersAt === 'start',
  }));

/** Requests that a strict server refuses, and some that it does not; each is sent as one piece. */
const oddRequest = fc.constantFrom(
  'GET / HTTP/1.1\r\n\r\n',
  'GET /\r\n\r\n',
  'GET / HTTP/1.1\nHost: x\n\n',
  'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nq\r\n0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n',
  'GET / HTTP/1.1\r\nHost : x\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: x\r\nX: \0\r\n\r\n',
  'G@T / HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET / HTTP/9.9\r\nHost: x\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'hello\r\n\r\n',
  '\r\n\r\nGET /after-empty-lines HTTP/1.1\r\nHost: x\r\n\r\n',
  'GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  'GET /a HTTP/1.0\r\n\r\n',
  'GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\nraw bytes',
);

/** What a caller says to a server that reads HTTP for itself. */
export interface Speech {
  /** Whole requests, cut anywhere. */
  readonly requests: readonly string[];
  readonly cuts: readonly number[];
  /** Comes once all of them are answered, and in one piece, if at all. */
  readonly odd: string;
}

export const speech: fc.Arbitrary<Speech> = fc
  .record({
    requests: fc.array(request, { maxLength: 5 }),
    cuts: fc.array(fc.nat(5000), { maxLength: 12 }),
    odd: fc.oneof(fc.constant(''), oddRequest),
  })
  .map(({ requests, cuts, odd }) => ({ requests: requests.map(({ head, body }) => `${head}${body}`), cuts, odd }))
  .filter(({ requests, odd }) => requests.length > 0 || odd !== '');

/** Cuts a text into the writes that it is sent in. */
export function cut(text: string, cuts: readonly number[]): readonly Buffer[] {
  const places = [...new Set(cuts.map((place) => place % (text.length + 1)))].sort((left, right) => left - right);
  const pieces = [0, ...places].map((from, index) => Buffer.from(text.slice(from, places[index] ?? text.length), 'latin1'));
  return pieces.filter(({ length }) => length > 0);
}
