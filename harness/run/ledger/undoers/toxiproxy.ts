import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { HarnessError } from '../../../model/problem.ts';
import type { Entry, Owner, Undoer } from '../contract.ts';
import { quoted } from '../quoted.ts';

/** How long a Toxiproxy may take to answer, in milliseconds. */
const ANSWER_MS = 2000;

type ToxicEntry = Extract<Entry, { readonly kind: 'toxic' }>;
type ProxyEntry = Extract<Entry, { readonly kind: 'proxy' }>;

/** A toxic on a Toxiproxy that somebody else runs. Its mark is the run's id in its name. */
export const toxicUndoer: Undoer<ToxicEntry> = {
  kind: 'toxic',
  isOnEngine: false,
  undo: (entry, owner, signal) => removed({ entry, name: entry.toxic, url: toxicUrl(entry) }, owner, signal),
  describe: ({ toxic, proxy, controlUrl }) => `toxic ${toxic} on ${proxy} at ${controlUrl}`,
  byHand: (entry) => `curl -X DELETE ${quoted(toxicUrl(entry))}`,
};

/** A proxy on a Toxiproxy that somebody else runs. Its mark is the run's id in its name. */
export const proxyUndoer: Undoer<ProxyEntry> = {
  kind: 'proxy',
  isOnEngine: false,
  undo: (entry, owner, signal) => removed({ entry, name: entry.proxy, url: proxyUrl(entry) }, owner, signal),
  describe: ({ proxy, controlUrl }) => `proxy ${proxy} at ${controlUrl}`,
  byHand: (entry) => `curl -X DELETE ${quoted(proxyUrl(entry))}`,
};

function proxyUrl({ controlUrl, proxy }: Pick<ProxyEntry, 'controlUrl' | 'proxy'>): string {
  return `${controlUrl.replace(/\/+$/, '')}/proxies/${encodeURIComponent(proxy)}`;
}

function toxicUrl(entry: ToxicEntry): string {
  return `${proxyUrl(entry)}/toxics/${encodeURIComponent(entry.toxic)}`;
}

interface Target {
  readonly entry: ToxicEntry | ProxyEntry;
  readonly name: string;
  readonly url: string;
}

async function removed({ entry, name, url }: Target, { runId }: Owner, signal: AbortSignal): Promise<boolean> {
  if (!name.includes(runId)) {
    throw new HarnessError(
      `Cannot remove the ${entry.kind} ${name} as its name must carry the run's id, ${runId}: it may be somebody else's`,
    );
  }
  const status = await deleted(url, signal).catch((cause: Error) => {
    throw new HarnessError(
      `Cannot remove the ${entry.kind} ${name} as its Toxiproxy does not answer at ${entry.controlUrl}: ${cause.message}`,
      { cause },
    );
  });
  if (status === 404) return false;
  if (status >= 200 && status < 300) return true;
  throw new HarnessError(`Cannot remove the ${entry.kind} ${name}: the Toxiproxy at ${entry.controlUrl} answers ${status}`);
}

/** Answers the status. Not by `fetch`, which refuses ports that a Toxiproxy may well have. */
function deleted(url: string, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? requestTls : request;
    const asked = send(url, { method: 'DELETE', agent: false, timeout: ANSWER_MS, signal }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${ANSWER_MS} ms`)));
    asked.once('error', reject);
    asked.end();
  });
}
