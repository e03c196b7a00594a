/** A flag as commander reads it: `-o, --output <dir>`. */
export interface Flag {
  readonly flags: string;
  readonly description: string;
  /** May be given more than once; the values come as a list. */
  readonly repeatable?: true;
}

/** What the user typed after the command's name. */
export interface CommandCall {
  readonly args: readonly string[];
  /** By camel-cased name; absent where the flag was not given. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** One command: how it is typed, how it is explained, what it does. */
export interface Command {
  readonly name: string;
  /** Positional arguments: `[filter...]`. */
  readonly parameters: string;
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Command lines without the leading `halfopen`, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Puts what was typed behind the command's name into the form that the parser reads, where the command also takes another one. */
  readonly rewrite?: (words: readonly string[]) => readonly string[];
  /**
   * Answers the exit code (`EXIT_CODES`).
   *
   * @throws {UsageError} if what was typed, configured or declared is wrong
   * @throws {HarnessError} if the environment does not allow it
   */
  run(call: CommandCall): Promise<number>;
}
