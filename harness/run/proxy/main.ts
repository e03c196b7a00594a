import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startProxyServer } from './server.ts';

/** Entry of the proxy's process: prints one line when it listens, and leaves with its parent if told so. */
const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '0' },
    // Edges to begin with: a file with a list of bodies of POST /halfopen/edges.
    config: { type: 'string' },
    'proxy-metrics': { type: 'boolean', default: false },
    'runtime-metrics': { type: 'boolean', default: false },
    'parent-stdin': { type: 'boolean', default: false },
  },
});

try {
  const server = await startProxyServer({
    host: values.host,
    port: Number(values.port),
    seed: Number(values.seed),
    workers: Number(values.workers),
    proxyMetrics: values['proxy-metrics'],
    runtimeMetrics: values['runtime-metrics'],
    ...(values.config === undefined ? {} : { edges: readFileSync(values.config, 'utf8') }),
  });
  process.stdout.write(`${JSON.stringify({ halfopen: 'proxy', host: server.host, port: server.port })}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(3);
}

if (values['parent-stdin']) {
  process.stdin.on('end', () => process.exit(0));
  process.stdin.on('error', () => process.exit(0));
  process.stdin.resume();
}
