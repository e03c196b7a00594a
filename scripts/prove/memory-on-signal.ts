/** Loaded into a proxy: on SIGUSR2 it collects garbage and prints what is left, as one line. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  collect();
  // What a finaliser lets go of is free after one more.
  setImmediate(() => {
    collect();
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
    process.stdout.write(`${JSON.stringify({ heldBytes: heapUsed + external + arrayBuffers, rssBytes: rss })}\n`);
  });
});
