import type { GateAnswer, GateFinding, GateOutcome } from '../model/gate.ts';
import type { Line, Style } from './terminal-contract.ts';

/** A sign and a word for each answer, so that none is told by its colour alone. */
const ANSWERS: Readonly<Record<GateAnswer, { readonly sign: string; readonly words: string; readonly style: Style }>> = {
  pass: { sign: '✓', words: 'pass', style: 'pass' },
  fail: { sign: '✗', words: 'fail', style: 'fail' },
  'cannot-tell': { sign: '◐', words: 'cannot tell', style: 'inconclusive' },
};

/** What the gate says, for people: each demand with what every scenario says of it, the notes, and one last line that decides. */
export function gateLines({ answer, findings, notes }: GateOutcome): readonly Line[] {
  const demands = Map.groupBy(findings, ({ kind, name, demand }) => (kind === 'slo' ? `${name}: ${demand}` : demand));
  return [
    ...[...demands].flatMap(([demand, told]) => [[{ text: demand, style: 'strong' }] satisfies Line, ...told.flatMap(findingLines)]),
    ...notes.map((note): Line => [{ text: `note: ${note}`, style: 'faint' }]),
    [],
    lastLine(answer, findings),
  ];
}

function findingLines({ kind, name, scenario, answer, sentence, wayOut }: GateFinding): readonly Line[] {
  const { sign, words, style } = ANSWERS[answer];
  const about = kind === 'slo' ? scenario : `${scenario} › ${name}`;
  const line: Line = [
    { text: `  ${sign} ${words.padEnd(11)}`, style },
    { text: `  ${about}: ${sentence}`, style: 'plain' },
  ];
  return wayOut === undefined ? [line] : [line, [{ text: `      → ${wayOut}`, style: 'faint' }]];
}

function lastLine(answer: GateAnswer, findings: readonly GateFinding[]): Line {
  const { sign, words, style } = ANSWERS[answer];
  const counts = (Object.keys(ANSWERS) as GateAnswer[]).flatMap((each) => {
    const count = findings.filter((finding) => finding.answer === each).length;
    return count === 0 ? [] : [`${count} ${ANSWERS[each].words}`];
  });
  return [
    { text: `${sign} the gate says: ${words}`, style },
    { text: `  (${counts.join(', ')})`, style: 'faint' },
  ];
}
