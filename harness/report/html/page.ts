import type { LeftOut, Outcome, ScenarioOutcome } from '../../model/outcome.ts';
import { VERDICTS } from '../../model/verdict.ts';
import { plainText } from '../plain-text.ts';
import { runSlug } from './payload.ts';

/** Text as it may stand in HTML, in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return plainText(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** The title of the browser's tab: the verdict first. */
export function pageTitle(outcome: Outcome): string {
  return `${outcome.verdict}: ${countsOf(outcome)} · halfopen report`;
}

/** `1 fail, 5 pass`, worst first. */
function countsOf(outcome: Outcome): string {
  const { scenarios, leftOut = [] } = outcome;
  const counts = VERDICTS.flatMap((verdict) => {
    const count = scenarios.filter((scenario) => scenario.verdict === verdict).length;
    return count === 0 ? [] : [`${count} ${verdict}`];
  });
  if (counts.length === 0) counts.push('no scenario ran');
  return [...counts, ...(leftOut.length === 0 ? [] : [`${leftOut.length} left out`])].join(', ');
}

/** What the file says without its script: every verdict, every finding that is not a pass, every replay command. */
export function summaryHtml(outcome: Outcome): string {
  const worstFirst = outcome.scenarios
    .map((scenario, index) => ({ scenario, index }))
    .toSorted((left, right) => rank(left.scenario) - rank(right.scenario));
  return [
    `<h1>${escapeHtml(countsOf(outcome))}</h1>`,
    '<table class="plain"><caption>Scenarios, worst first</caption><thead><tr><th scope="col">Verdict</th><th scope="col">Scenario</th><th scope="col">Why</th></tr></thead><tbody>',
    ...worstFirst.map(({ scenario, index }) => rowHtml(scenario, runSlug(outcome, index))),
    '</tbody></table>',
    ...leftOutHtml(outcome.leftOut ?? []),
    ...worstFirst.filter(({ scenario }) => scenario.verdict !== 'pass').map(({ scenario }) => findingsHtml(scenario)),
  ].join('\n');
}

function rank(scenario: ScenarioOutcome): number {
  return (['fail', 'invalid', 'inconclusive', 'pass'] as const).indexOf(scenario.verdict);
}

function rowHtml(scenario: ScenarioOutcome, slug: string): string {
  const title = scenario.title === '' ? slug : scenario.title;
  return `<tr><td>${scenario.verdict}</td><th scope="row">${escapeHtml(title)}<br><small>${escapeHtml(slug)}</small></th><td>${escapeHtml(scenario.sentence)}</td></tr>`;
}

function leftOutHtml(leftOut: readonly LeftOut[]): readonly string[] {
  if (leftOut.length === 0) return [];
  const items = leftOut.map(
    ({ name, sentence, wayOut }) =>
      `<li>${escapeHtml(name)}: ${escapeHtml(sentence)}${wayOut === undefined ? '' : ` (way out: <code>${escapeHtml(wayOut)}</code>)`}</li>`,
  );
  return [`<h2>Left out</h2><ul>${items.join('')}</ul>`];
}

function findingsHtml(scenario: ScenarioOutcome): string {
  const items = scenario.findings
    .filter(({ verdict, reported }) => verdict !== 'pass' && reported !== true)
    .map(
      ({ verdict, check, subject, sentence }) =>
        `<li>${verdict}: ${escapeHtml(check)} ${escapeHtml(subject)}: ${escapeHtml(sentence)}</li>`,
    );
  return `<h2>${escapeHtml(scenario.title === '' ? scenario.name : scenario.title)}</h2><ul>${items.join('')}</ul><p>Replay: <code>${escapeHtml(scenario.replay)}</code></p>`;
}
