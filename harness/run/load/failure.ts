import type { Judged } from './answer.ts';

/** Codes of Node, OpenSSL and undici by what they mean for the one who asked. */
const OUTCOME_OF_CODE: Readonly<Record<string, Judged['outcome']>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  UND_ERR_SOCKET: 'reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'reset',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EPROTO: 'tls',
  // This machine had no socket to give: the request never left.
  EMFILE: 'shed',
  ENFILE: 'shed',
  ENOBUFS: 'shed',
  ENOMEM: 'shed',
  EADDRNOTAVAIL: 'shed',
};

/** The outcome of a request that got no whole answer. A code that is not known is named in `observed`. */
export function judgeFailure(error: Error): Judged {
  const code = codeOf(error);
  const known = OUTCOME_OF_CODE[code];
  if (known !== undefined) return { outcome: known, observed: null };
  if (/^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code)) return { outcome: 'tls', observed: null };
  // Undici tells a chunked body that broke off from bytes that are no HTTP only in words.
  if (code === 'HTTPParserError' && /EOF/i.test(error.message)) return { outcome: 'reset', observed: null };
  if (code === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return { outcome: 'wrong', observed: { mismatch: `no HTTP answer: ${error.message.slice(0, 120)}` } };
  }
  // Undici refused to send it.
  if (code === 'UND_ERR_INVALID_ARG') return { outcome: 'shed', observed: { mismatch: error.message.slice(0, 200) } };
  return { outcome: 'reset', observed: { mismatch: `failed with ${code}` } };
}

/** The first code in the chain: an error of several attempts, or of a cause, says the reason in its parts. */
function codeOf(error: Error): string {
  const own = (error as { readonly code?: unknown }).code;
  if (typeof own === 'string') return own;
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return codeOf(error.errors[0]);
  return error.cause instanceof Error ? codeOf(error.cause) : error.name;
}
