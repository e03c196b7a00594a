import { styleText } from 'node:util';
import { lineText, type Line, type Style, type TerminalMessage } from '../report/terminal-contract.ts';
import { liveLines, openTerminal, tell } from '../report/terminal.ts';

/** The terminal as the suite talks to it. */
export interface Screen extends Disposable {
  tell(message: TerminalMessage): void;
}

const FORMATS = {
  pass: 'green',
  fail: 'red',
  inconclusive: 'yellow',
  invalid: 'magenta',
  strong: 'bold',
  faint: 'dim',
  ok: 'green',
  degraded: 'yellow',
  bad: 'red',
} as const satisfies Readonly<Record<Exclude<Style, 'plain'>, Parameters<typeof styleText>[0]>>;

/** Colours where the stream shows them: `NO_COLOR` and `FORCE_COLOR` are honoured. */
export function paint(text: string, style: Style): string {
  return style === 'plain' ? text : styleText(FORMATS[style], text, { stream: process.stdout });
}

const REDRAW_MS = 100;

export interface ScreenOptions {
  /** Takes secrets out of what is printed. */
  readonly redact: (text: string) => string;
  /** Messages that are shown at all. */
  readonly shows: (message: TerminalMessage) => boolean;
}

/** A block that is redrawn on a terminal; plain lines elsewhere. */
export function openScreen({ redact, shows }: ScreenOptions): Screen {
  const isLive = process.stdout.isTTY && process.env['TERM'] !== 'dumb' && process.env['CI'] === undefined;
  let state = openTerminal(isLive ? 'live' : 'plain');
  let drawn = 0;
  let startedMs = performance.now();
  const print = (line: Line): string => `${printedLine(line.map((piece) => ({ ...piece, text: redact(piece.text) })))}\n`;
  const erased = (): string => (drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`);
  const draw = (lines: readonly Line[]): void => {
    const block = liveLines(state, process.stdout.columns || 80);
    process.stdout.write(erased() + lines.map(print).join('') + block.map(print).join(''));
    drawn = block.length;
  };
  const timer = isLive
    ? setInterval(() => {
        state = tell(state, { kind: 'tick', nowUs: (performance.now() - startedMs) * 1000 }).state;
        if (liveLines(state, 80).length > 0) draw([]);
      }, REDRAW_MS)
    : undefined;
  return {
    tell(message) {
      if (!shows(message)) return;
      // Rows are far more frequent than anyone reads; without a block to draw they are nothing.
      if (message.kind === 'run-started') startedMs = performance.now();
      if (message.kind === 'record' && message.record.table !== 'events' && !isLive) return;
      const next = tell(state, message);
      state = next.state;
      if (next.lines.length > 0 || (isLive && message.kind === 'run-started')) draw(next.lines);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** A line with its colours. What services and scenarios say must not steer the terminal: of control characters only ours and line ends are left. */
export function printedLine(line: Line): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  const printable = (text: string): string => text.replaceAll('\t', ' ').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
  return lineText(
    line.map((piece) => ({ ...piece, text: printable(piece.text) })),
    paint,
  );
}
