/** Takes one driver's turn in a process of its own, whose descendants are that driver's processes and nobody else's. */
import { answerQuestions } from '../bench/child.ts';
import { turnOfAutocannon } from './autocannon.ts';
import { turnOfK6Json } from './k6-json.ts';
import { turnOfOurs, type OurDriver } from './ours.ts';
import type { OwnTurn, TurnJob } from './turn.ts';

/** Whose turn it is. */
export type Sender =
  | ({ readonly kind: 'ours' } & OurDriver)
  | { readonly kind: 'k6-json'; readonly executable: string }
  | { readonly kind: 'autocannon'; readonly program: string };

export type HostQuestion = TurnJob & Sender;

answerQuestions<HostQuestion, OwnTurn>((question) => {
  switch (question.kind) {
    case 'ours':
      return turnOfOurs(question, question);
    case 'k6-json':
      return turnOfK6Json(question.executable, question);
    case 'autocannon':
      return turnOfAutocannon(question.program, question);
  }
});
