import { Socket } from 'node:net';
import { EXIT_CODES } from '../model/verdict.ts';
import { runCommandLine } from './program.ts';

holdLifeline(process.env['HALFOPEN_LIFELINE']);
// Whoever reads the output may leave early: `halfopen run | head`.
process.stdout.on('error', ignoreClosedPipe);
process.stderr.on('error', ignoreClosedPipe);

// A module that waits for ever on import leaves nothing to do: Node then ends without a word.
let isSettled = false;
process.on('exit', () => {
  if (isSettled || process.exitCode !== undefined) return;
  process.stderr.write('halfopen ended early: something that was imported waits for what never comes\n');
  process.exitCode = EXIT_CODES.usage;
});

void runCommandLine(process.argv.slice(2)).then((code) => {
  isSettled = true;
  process.exitCode = code;
});

/** The launcher holds the other end: when it was killed, this process ends at once, and the supervisor stops the services. */
function holdLifeline(descriptor: string | undefined): void {
  delete process.env['HALFOPEN_LIFELINE'];
  if (descriptor === undefined || !/^\d+$/.test(descriptor)) return;
  const lifeline = new Socket({ fd: Number(descriptor), readable: true, writable: false });
  const end = (): void => process.exit(EXIT_CODES.terminated);
  lifeline.on('end', end);
  lifeline.on('error', end);
  lifeline.resume();
  lifeline.unref();
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
