import type { Outcome } from '../../../model/load.ts';
import type { Judged } from '../answer.ts';

/** Chromium's network errors (net/base/net_error_list.h) by what they mean for the one who asked. */
const OUTCOME_OF: Readonly<Record<string, Outcome>> = {
  ERR_CONNECTION_REFUSED: 'refused',
  ERR_CONNECTION_FAILED: 'refused',
  ERR_ADDRESS_UNREACHABLE: 'refused',
  ERR_INTERNET_DISCONNECTED: 'refused',
  ERR_CONNECTION_RESET: 'reset',
  ERR_CONNECTION_CLOSED: 'reset',
  ERR_CONNECTION_ABORTED: 'reset',
  ERR_EMPTY_RESPONSE: 'reset',
  ERR_INCOMPLETE_CHUNKED_ENCODING: 'reset',
  ERR_CONTENT_LENGTH_MISMATCH: 'reset',
  ERR_SOCKET_NOT_CONNECTED: 'reset',
  ERR_TIMED_OUT: 'timeout',
  ERR_CONNECTION_TIMED_OUT: 'timeout',
  ERR_NAME_NOT_RESOLVED: 'dns',
  ERR_NAME_RESOLUTION_FAILED: 'dns',
  // The browser never sent it.
  ERR_UNSAFE_PORT: 'shed',
  ERR_INSUFFICIENT_RESOURCES: 'shed',
  ERR_BLOCKED_BY_CLIENT: 'shed',
};
/** Bytes that are no HTTP answer. */
const NO_ANSWER = /^ERR_(?:INVALID_(?:HTTP_RESPONSE|CHUNKED_ENCODING|RESPONSE)|RESPONSE_HEADERS_|CONTENT_DECODING_|HTTP2?_)/;

/** The name of Chromium's network error in a text; null where there is none. */
export function netErrorIn(text: string): string | null {
  return /\bnet::(ERR_\w+)/.exec(text)?.[1] ?? null;
}

/** The outcome of a request that failed in the browser's network; an error that is not known is named in `observed`. */
export function judgeNetError(code: string): Judged {
  const known = OUTCOME_OF[code];
  if (known === 'shed') return { outcome: 'shed', observed: { mismatch: `the browser refused to send it: ${code}` } };
  if (known !== undefined) return { outcome: known, observed: null };
  if (/^ERR_(?:SSL|CERT)_/.test(code)) return { outcome: 'tls', observed: null };
  if (code.startsWith('ERR_DNS_')) return { outcome: 'dns', observed: null };
  if (NO_ANSWER.test(code)) return { outcome: 'wrong', observed: { mismatch: `no HTTP answer: ${code}` } };
  return { outcome: 'reset', observed: { mismatch: `failed with ${code}` } };
}
