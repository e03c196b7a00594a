import { connect } from 'node:net';

export interface Reply {
  readonly status: number;
  /** By name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface Question {
  readonly port: number;
  readonly method: string;
  /** To the letter: nothing is normalised. */
  readonly path: string;
  /** A text goes as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 5000 */
  readonly withinMs?: number;
}

/** One request over a connection of its own, to the byte: paths and methods that HTTP clients would mend or refuse. */
export function ask({ port, method, path, body, headers, withinMs = 5000 }: Question): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' });
    const deadline = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer to ${method} ${path} within ${withinMs} ms`));
    }, withinMs);
    socket.on('data', (part) => parts.push(part));
    socket.on('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    socket.on('close', () => {
      clearTimeout(deadline);
      const text = Buffer.concat(parts).toString('utf8');
      if (text === '') reject(new Error(`an empty answer to ${method} ${path}`));
      else resolve(parse(text));
    });
    const sent = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
    const all = { host: 'localhost', connection: 'close', 'content-length': String(Buffer.byteLength(sent)), ...headers };
    const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${sent}`);
  });
}

/** Sends the text as it is; answers all that comes back until the connection ends. */
export function say(port: number, text: string, withinMs = 5000): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1' });
    const deadline = setTimeout(() => socket.destroy(new Error(`no end within ${withinMs} ms: ${text}`)), withinMs);
    socket.on('data', (part) => parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve(Buffer.concat(parts).toString('utf8'));
    });
    socket.write(text);
  });
}

function parse(text: string): Reply {
  const end = text.indexOf('\r\n\r\n');
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const raw = text.slice(end + 4);
  return { status: Number(first.split(' ')[1]), headers, text: headers['transfer-encoding'] === 'chunked' ? unchunked(raw) : raw };
}

function unchunked(raw: string): string {
  const bytes = Buffer.from(raw);
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16);
    if (lineEnd < 0 || size === 0 || Number.isNaN(size)) return Buffer.concat(parts).toString('utf8');
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
