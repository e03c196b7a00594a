import { Command as CommanderCommand, CommanderError, Option } from 'commander';
import { EXIT_CODES } from '../model/verdict.ts';
import type { Command, Flag } from './contract.ts';
import { failureOf } from './failure.ts';
import { ownVersion } from './version.ts';

/** Runs one command line, without the program's name. Never throws: answers the exit code. */
export async function runCommandLine(words: readonly string[]): Promise<number> {
  let code: number = EXIT_CODES.pass;
  const commands = await commandsFor(words[0]);
  const program = new CommanderCommand('halfopen')
    .description('Chaos and fault-injection tests whose verdicts can be trusted.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .showHelpAfterError('(halfopen --help tells what there is)')
    .exitOverride()
    .addHelpText('after', exitCodesText());
  for (const command of commands) {
    addCommand(program, command, (result) => {
      code = result;
    });
  }
  try {
    await program.parseAsync(rewritten(words, commands), { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed the message; its help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.pass : EXIT_CODES.usage;
    const failure = failureOf(error);
    process.stderr.write(`${failure.text}\n`);
    return failure.code;
  }
}

/**
 * The commands to parse the line with: all of them, unless it names one that needs nothing of the harness. That one alone starts sooner and
 * takes half of the memory, which counts where it runs for long.
 */
async function commandsFor(name: string | undefined): Promise<readonly Command[]> {
  const alone = standAlone.find((each) => each.name === name);
  if (alone !== undefined) return [await alone.load()];
  const { commands } = await import('./index.ts');
  return Object.values<Command>(commands);
}

const standAlone = [{ name: 'proxy', load: async (): Promise<Command> => (await import('./proxy.ts')).proxy }];

function rewritten([name = '', ...words]: readonly string[], commands: readonly Command[]): readonly string[] {
  const command = commands.find((each) => each.name === name);
  return name === '' ? [] : [name, ...(command?.rewrite?.(words) ?? words)];
}

function addCommand(program: CommanderCommand, command: Command, done: (code: number) => void): void {
  const sub = program
    .command(`${command.name} ${command.parameters}`.trim())
    .summary(command.summary)
    .description(`${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.`)
    .helpOption('-h, --help', 'print this help')
    .showHelpAfterError(`(halfopen ${command.name} --help tells what there is)`)
    .exitOverride()
    .allowExcessArguments(false)
    .addHelpText('after', examplesText(command));
  for (const flag of command.flags) sub.addOption(optionOf(flag));
  sub.action(async () => {
    done(
      await command.run({ args: sub.processedArgs.flat().filter((arg): arg is string => typeof arg === 'string'), options: sub.opts() }),
    );
  });
}

function optionOf({ flags, description, repeatable }: Flag): Option {
  const option = new Option(flags, description);
  if (repeatable !== true) return option;
  return option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
}

function examplesText({ examples }: Command): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  return `\nExamples:\n${examples.map(([line, does]) => `  halfopen ${line.padEnd(width)}  ${does}`).join('\n')}`;
}

function exitCodesText(): string {
  const { pass, fail, usage, harness, undecided, nothing, interrupted, terminated } = EXIT_CODES;
  return [
    '',
    'Exit codes:',
    `  ${pass} everything passed · ${fail} an expectation failed · ${usage} command line, configuration or scenario wrong`,
    `  ${harness} the harness or its environment could not do its work · ${undecided} inconclusive or invalid`,
    `  ${nothing} nothing matched · ${interrupted}, ${terminated} stopped by SIGINT, SIGTERM, after cleaning up`,
  ].join('\n');
}
