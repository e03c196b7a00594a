import { STATUS_CODES } from 'node:http';
import type { HttpAction } from '../contract.ts';

type StatusAction = Extract<HttpAction, { readonly kind: 'status' }>;

/** The reply that a status fault sends in the callee's place. */
export function statusReply(action: StatusAction, request: { readonly method: string; readonly closes: boolean }): Buffer {
  const hasBody = action.status >= 200 && action.status !== 204 && action.status !== 304;
  const body = hasBody ? (action.body ?? '') : '';
  const lines = [`HTTP/1.1 ${action.status} ${STATUS_CODES[action.status] ?? 'Unknown'}`];
  const headers = Object.entries(action.headers ?? {});
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
