import { STATUS_CODES } from 'node:http';
import type { OwnReply } from './actions/contract.ts';

/** A reply in the callee's place. */
export function statusReply(reply: OwnReply, request: { readonly method: string; readonly closes: boolean }): Buffer {
  const hasBody = reply.status >= 200 && reply.status !== 204 && reply.status !== 304;
  const body = hasBody ? (reply.body ?? '') : '';
  const lines = [`HTTP/1.1 ${reply.status} ${STATUS_CODES[reply.status] ?? 'Unknown'}`];
  const headers = Object.entries(reply.headers ?? {});
  for (const [name, value] of headers) {
    if (!/^(content-length|transfer-encoding|connection)$/i.test(name)) lines.push(`${name}: ${value}`);
  }
  if (body !== '' && !headers.some(([name]) => name.toLowerCase() === 'content-type')) {
    lines.push(`content-type: ${/^\s*[{[]/.test(body) ? 'application/json' : 'text/plain; charset=utf-8'}`);
  }
  if (hasBody) lines.push(`content-length: ${Buffer.byteLength(body)}`);
  lines.push(`connection: ${request.closes ? 'close' : 'keep-alive'}`, '', '');
  return Buffer.from(lines.join('\r\n') + (request.method === 'HEAD' ? '' : body), 'utf8');
}
