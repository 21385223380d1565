/** An interaction's log as steps: which of them are decisions, whatever the millisecond in which they came. */
import { expect, test } from 'vitest';
import type { FactBody, RoutingFact } from '../../src/history/routingFacts.ts';
import { stepsOf } from '../../src/history/routingSteps.ts';

const AT = 1_767_603_600_000;
const why = (by: 'agent' | 'interaction') => ({ by, k: 'only', v: 0, r: '', rv: 0, n: 1, x: {} });

function decisionsOf(...facts: readonly [RoutingFact['type'], FactBody][]): [string, boolean][] {
  const told = facts.map(
    ([type, body], seq) => ({ at: AT, place: { ms: AT, seq }, type, body: { i: 'i', q: 'q', ...body } }) as RoutingFact,
  );
  return stepsOf(told).map(({ kind, isDecision }) => [kind, isDecision]);
}

test('BEY-2 what waits and is claimed within the same millisecond was left waiting by a decision of its own', () => {
  expect(decisionsOf(['interaction.created', { need: '' }], ['interaction.taken', { a: 'a', via: 'claim' }])).toEqual([
    ['queued', true],
    ['claimed', true],
  ]);
});

test('BEY-2 an agent who comes free within the same millisecond is another command; the one found at the beginning is not', () => {
  const offered = (by: 'agent' | 'interaction') =>
    decisionsOf(['interaction.created', { need: '' }], ['offer.made', { a: 'a', tok: 't', why: why(by) }]);
  expect(offered('agent')).toEqual([
    ['queued', true],
    ['offered', true],
  ]);
  expect(offered('interaction')).toEqual([
    ['queued', false],
    ['offered', true],
  ]);
});

test('BEY-2 what comes back and is given in the same command was not left waiting, whoever looked for whom', () => {
  const gone = ['offer.gone', { a: 'a', tok: 't', reason: 'declined' }] as const;
  const back = ['interaction.queued', { reason: 'offer_declined' }] as const;
  const decisions = decisionsOf([...gone], [...back], ['offer.made', { a: 'b', tok: 'u', why: why('agent') }]);
  expect(decisions).toEqual([
    ['declined', false],
    ['offered', true],
  ]);
});
