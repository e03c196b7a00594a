/** The ways in which templates write one name: `packet-loss`, `packetLoss`, `PacketLoss`, `packet loss`. */
export interface Names {
  readonly kebab: string;
  readonly camel: string;
  readonly pascal: string;
  readonly words: string;
}

/** A change of a file that is there. Throws if the file does not hold what the change counts on. */
export interface Change {
  readonly path: string;
  readonly edit: (text: string) => string;
}

/** How one more kind comes into the project: a file that works, its rows, and the command that proves it. */
export interface Recipe {
  /** The new file, relative to the project, and its text. */
  readonly file: (names: Names) => { readonly path: string; readonly text: string };
  readonly changes: (names: Names) => readonly Change[];
  /** The test that holds the new row to its contract. */
  readonly proof: string;
  /** What is left to a person. */
  readonly next: readonly string[];
}

/**
 * @throws {SyntaxError} if the name is not lower case with dashes
 */
export function namesOf(kebab: string): Names {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(kebab)) {
    throw new SyntaxError(`Cannot make it as 'name' must be lower case with dashes, such as packet-loss: current value is '${kebab}'`);
  }
  const pascal = kebab.replace(/(^|-)([a-z0-9])/g, (_, _dash: string, letter: string) => letter.toUpperCase());
  return { kebab, pascal, camel: pascal.charAt(0).toLowerCase() + pascal.slice(1), words: kebab.replaceAll('-', ' ') };
}

/** A name as a key of an object: in quotes where it needs them. */
export function keyOf(name: string): string {
  return /^[a-z]\w*$/i.test(name) ? name : `'${name}'`;
}
