import { Option } from 'commander';
import { describe, expect, it } from 'vitest';
import type { Command } from '../../harness/cli/contract.ts';
import { commands } from '../../harness/cli/index.ts';

const rows = Object.entries<Command>(commands);

it('there are commands to hold to the contract', () => {
  expect(rows.length).toBeGreaterThanOrEqual(8);
});

describe.each(rows)('command %s', (name, command) => {
  const options = command.flags.map(({ flags }) => new Option(flags));
  const known = new Set(options.flatMap(({ short, long }) => [short, long]));

  it('stands in the table under its own name and says in a phrase what it does', () => {
    expect(command.name).toBe(name);
    expect(command.summary).toMatch(/^[a-z].{10,}[^.]$/);
    for (const { description } of command.flags) expect(description).toMatch(/^\S.*[^.]$/);
  });

  it('has flags that can be typed in full, each once', () => {
    for (const { long } of options) expect(long).toMatch(/^--[a-z][a-z-]*$/);
    expect(new Set(options.map(({ long }) => long)).size).toBe(options.length);
  });

  it('shows examples, each of which calls it with flags that it has', () => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const [line, does] of command.examples) {
      expect(line.split(' ')[0]).toBe(name);
      expect(does).toMatch(/\S/);
      const used = [...line.matchAll(/(?<=\s)(--?[a-z][a-z-]*)/g)].map(([flag]) => flag);
      expect(used.filter((flag) => !known.has(flag))).toEqual([]);
    }
  });
});
