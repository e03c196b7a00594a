/** Something that ours does otherwise than Toxiproxy 2.12.0, on purpose. */
export interface Improvement {
  readonly what: string;
  readonly real: string;
  readonly ours: string;
  readonly why: string;
}

/** Every one of them; `improvements.test.ts` shows each on both servers, and `docs/toxiproxy.md` prints this table. */
export const improvements = {
  'empty-populate': {
    what: 'POST /populate with `[]`',
    real: '`"proxies": null`',
    ours: '`"proxies": []`',
    why: 'the npm client throws on null',
  },
  'logger-field': {
    what: 'fields of a proxy',
    real: 'an empty `Logger` object among them',
    ours: 'none',
    why: 'an internal that leaks, read by no client',
  },
  'reset-goes-on': {
    what: 'POST /reset while one proxy cannot start',
    real: 'stops there: the rest, in random order, keeps its toxics; the error does not say which proxy',
    ours: 'heals all others, and the error names it',
    why: 'a test that follows must not inherit faults',
  },
  'names-in-paths': {
    what: 'a name with a slash, or `.` and `..`',
    real: 'is made, and can never be addressed again',
    ours: '400; `%2F` in a path belongs to the name',
    why: 'nothing should be left that cannot be removed',
  },
  'whole-numbers': {
    what: '`5.0` or `1e2` for a whole number',
    real: '400',
    ours: 'taken as 5 and 100',
    why: 'JSON has one kind of number, and some clients write it so',
  },
  'attributes-checked': {
    what: 'a negative `rate`, a variation that exceeds its average',
    real: 'taken; the first byte ends the whole server',
    ours: '400, naming the attribute',
    why: 'a mistake should cost one request',
  },
  'slicer-defaults': {
    what: 'a slicer with its default `average_size` of 0',
    real: 'the first byte ends the whole server',
    ours: 'cuts nothing',
    why: 'as above',
  },
  'negative-amounts': {
    what: 'a negative `latency`, `jitter`, `delay`, `timeout` or `bytes`',
    real: 'taken, and works as 0 does, or in a way of its own',
    ours: '400, naming the attribute',
    why: 'a wrong sign should not be read out of a result that looks right',
  },
  'all-or-nothing': {
    what: 'a toxic update in which one attribute is wrong',
    real: '400, yet the others are changed',
    ours: '400, and nothing is changed',
    why: 'an error should mean that nothing happened',
  },
  'named-ports': {
    what: 'a port by its name: `127.0.0.1:http-alt`',
    real: 'looked up in /etc/services',
    ours: '500, unknown port',
    why: 'no client is known to use it',
  },
  'http-to-the-letter': {
    what: 'requests that are HTTP, but not to the letter: bare line feeds, raw UTF-8 in the path, methods that there are not',
    real: 'answered as any other',
    ours: '400, and the connection ends',
    why: "Node's parser lets nothing through that two servers could read differently",
  },
  'longest-body': {
    what: 'a body of more than 4 MiB',
    real: 'read whatever its length',
    ours: '400',
    why: 'limits on everything',
  },
  'unread-bodies': {
    what: 'a body that is sent to a path that there is not, over a connection that ends with it',
    real: 'is not read: the answer is lost in a reset, as a rule',
    ours: 'is read, and answered',
    why: 'the answer says what is wrong',
  },
  'faults-in-bodies': {
    what: '`toxics` in POST /proxies and /populate',
    real: 'dropped without a word',
    ours: 'in force before the first connection; all are right, or nothing is made',
    why: 'no connection escapes between the making of a proxy and that of its toxic',
  },
  'same-listen': {
    what: 'populating `0.0.0.0:P` or `:P` a second time',
    real: 'restarts the proxy and cuts its connections',
    ours: 'leaves it alone',
    why: 'it is the same address',
  },
  'control-apart': {
    what: 'a toxic is added while a caller does not read',
    real: 'the call, and from then on every other about that proxy, hangs',
    ours: 'answers at once',
    why: 'the control API does not wait for the data path',
  },
  'concurrent-calls': {
    what: 'proxies are made, removed, moved and switched by several callers at once',
    real: '5xx for calls that are right, addresses that stay open when their proxy is gone, proxies that are shown as disabled and are open',
    ours: 'each call is right, and what is shown is what is open',
    why: 'test suites run in parallel',
  },
  'half-close': {
    what: 'a caller that ends its side and waits for the reply, with toxics and without',
    real: 'loses the reply',
    ours: 'gets it',
    why: 'TCP has two directions, each with an end of its own',
  },
  'reset-passed-on': {
    what: 'a callee that resets its connection',
    real: 'the caller sees it end in order (FIN)',
    ours: 'the caller sees a reset (RST)',
    why: 'a caller handles the two differently, and is tested for that',
  },
  'dial-in-time': {
    what: 'a callee that takes no connections (its queue is full, its packets are lost)',
    real: 'is waited for as long as the system does, about two minutes; no other connection is accepted meanwhile, and calls about that proxy hang',
    ours: 'its caller alone waits, and its connection ends after 5 s',
    why: 'one callee that hangs should not stop its proxy',
  },
  'slicer-pauses': {
    what: 'pieces and pauses of a slicer',
    real: 'halves each chunk until no piece is too long: up to twice as many as asked, each pause a millisecond over',
    ours: 'pieces of about `average_size`, and pauses that add up to what was asked',
    why: 'a test relies on how long it takes',
  },
  'reset-live': {
    what: '`reset_peer` on connections that were there before it',
    real: 'ends them in order (FIN)',
    ours: 'resets them (RST)',
    why: 'that is what its name says',
  },
  'reset-spares': {
    what: '`reset_peer` and connections that its toxicity spares',
    real: 'end with a reset all the same, when they end',
    ours: 'are left alone',
    why: 'a toxic touches what its die hit',
  },
  'waits-interruptible': {
    what: 'removing a `reset_peer` whose time is running',
    real: 'waits until that time is over',
    ours: 'at once, and the connection lives on',
    why: 'withdrawing a fault must not depend on the fault',
  },
  'timeout-spares': {
    what: 'removing a `timeout` and connections that its toxicity spared',
    real: 'closes them',
    ours: 'leaves them alone',
    why: 'nothing is missing from them',
  },
  'stable-dice': {
    what: 'an update that changes nothing (`{}`)',
    real: 'rolls the dice of every connection anew',
    ours: 'changes nothing',
    why: 'a connection that was hit stays hit, until the toxicity changes',
  },
  seed: {
    what: '`-seed`',
    real: 'has no effect',
    ours: 'the same seed hits the same connections',
    why: 'a failure that cannot be repeated cannot be mended',
  },
  'live-counters': {
    what: 'the byte counters of /metrics while a connection is open',
    real: 'say nothing of it until it ends',
    ours: 'count as bytes pass',
    why: 'whether traffic flows is what one looks there for',
  },
  'config-errors': {
    what: 'a mistake in the `-config` file',
    real: 'is logged, and the server starts without proxies',
    ours: 'is told with file and line, and ends the command (exit code 2; 3 for an address that is taken)',
    why: 'a test that runs without its faults passes for the wrong reason',
  },
  'non-loopback': {
    what: '`-host` with an address that other machines reach',
    real: 'is taken',
    ours: 'needs `-allow-non-loopback`, and the start says so',
    why: 'whoever reaches the control port can reach what this machine can',
  },
} as const satisfies Readonly<Record<string, Improvement>>;

export type ImprovementId = keyof typeof improvements;

/** The table as Markdown. */
export function printImprovements(): string {
  const rows = Object.values<Improvement>(improvements).map(({ what, real, ours, why }) => `| ${what} | ${real} | ${ours} | ${why} |`);
  return ['| what | Toxiproxy 2.12.0 | halfopen | why |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
