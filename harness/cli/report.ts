import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { EXIT_CODES } from '../model/verdict.ts';
import { reporters } from '../report/index.ts';
import type { Command, CommandCall } from './contract.ts';
import { openProject } from './project.ts';

export const report: Command = {
  name: 'report',
  parameters: '[dir]',
  summary: 'open the report of the last run, or print where it is',
  flags: [
    { flags: '--open', description: 'open it in the browser, also when this is no terminal' },
    { flags: '-c, --config <file>', description: 'configuration (default: the nearest halfopen.config.ts|js|mjs upwards)' },
  ],
  examples: [
    ['report', "the report in the configuration's output folder"],
    ['report results/nightly --open', 'the one in another folder, in the browser'],
  ],
  run: reportCommand,
};

async function reportCommand({ args, options }: CommandCall): Promise<number> {
  const [dir] = args;
  const folder = dir === undefined ? await configuredOutput(options) : resolve(dir);
  const path = existsSync(folder) && statSync(folder).isFile() ? folder : join(folder, reporters.html.file);
  if (!existsSync(path)) {
    process.stderr.write(`There is no report at ${path}. Make one with: npx halfopen run\n`);
    return EXIT_CODES.nothing;
  }
  process.stdout.write(`${path}\n`);
  const opener = openerHere();
  const mayOpen = process.stdout.isTTY && process.env['CI'] === undefined;
  if (options['open'] === true && opener === undefined) {
    process.stderr.write('Cannot open it as neither xdg-open nor open is installed: open the file above in a browser\n');
    return EXIT_CODES.harness;
  }
  if (opener !== undefined && (options['open'] === true || mayOpen)) spawn(opener, [path], { detached: true, stdio: 'ignore' }).unref();
  return EXIT_CODES.pass;
}

async function configuredOutput(options: CommandCall['options']): Promise<string> {
  const { folder, config } = await openProject(process.cwd(), typeof options['config'] === 'string' ? options['config'] : undefined);
  return resolve(folder, config.output);
}

function openerHere(): string | undefined {
  const name = process.platform === 'darwin' ? 'open' : 'xdg-open';
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}
