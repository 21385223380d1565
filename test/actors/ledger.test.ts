/** The judge is judged: each thing it must find is told to it once, and it must say so; the same story told right passes. */
import { describe, expect, it } from 'vitest';
import type { PublicEvent } from '../../src/protocol/events.ts';
import type { Message } from '../../src/protocol/views.ts';
import { type HistoryOf, Ledger } from './ledger.ts';
import { Timeline } from './timeline.ts';

const INTERACTION = 'int_one';
const at = 1_000;

function message(off: number, mid: string): Message {
  return { off, at, mid, from: { role: 'customer', id: 'con_one', name: 'Visitor' }, text: `text of ${mid}`, visibility: 'everyone' };
}
const sent = (off: number, mid: string): PublicEvent => ({
  type: 'message.sent',
  at,
  interaction: INTERACTION,
  message: message(off, mid),
});
const taken = (agent: string, time = at): PublicEvent => ({
  type: 'interaction.taken',
  at: time,
  interaction: INTERACTION,
  agent: { id: agent, name: agent },
});
const requeued = (time = at): PublicEvent => ({ type: 'interaction.requeued', at: time, interaction: INTERACTION, reason: 'agent_lost' });

/** A ledger with one closed conversation that two participants followed from the beginning. */
function story(
  events: readonly PublicEvent[],
  { interaction = INTERACTION, ledger = new Ledger() } = {},
): { ledger: Ledger; readers: Timeline[] } {
  ledger.started(interaction);
  ledger.closed(interaction);
  const readers = ['visitor', 'agent'].map((reader) => ledger.keep(new Timeline(interaction, reader)));
  for (const reader of readers) {
    reader.load([], 0);
    for (const [index, event] of events.entries()) reader.add(event, index + 1);
  }
  return { ledger, readers };
}

function acknowledge(ledger: Ledger, mid: string, off: number): void {
  ledger.acknowledge({ interaction: INTERACTION, mid, off, by: 'visitor', visibility: 'everyone' });
}

const history =
  (...rows: [mid: string, off: number][]): HistoryOf =>
  () =>
    Promise.resolve(rows.map(([mid, off]) => ({ mid, off })));
const verdictOf = (ledger: Ledger, historyOf: HistoryOf = history()): Promise<string[]> => ledger.verdict({ historyOf });

describe('ledger', () => {
  it('finds nothing where everything was told right', async () => {
    const { ledger } = story([taken('usr_a'), sent(2, 'm1'), sent(3, 'm2'), requeued(), taken('usr_b')]);
    acknowledge(ledger, 'm1', 2);
    acknowledge(ledger, 'm2', 3);
    ledger.owns({ interaction: INTERACTION, agent: 'usr_a', off: 1 });
    ledger.owns({ interaction: INTERACTION, agent: 'usr_b', off: 5 });
    expect(await verdictOf(ledger, history(['m1', 2], ['m2', 3]))).toEqual([]);
  });

  it('finds an acknowledged message that a participant never got', async () => {
    const { ledger, readers } = story([sent(1, 'm1')]);
    acknowledge(ledger, 'm1', 1);
    readers[1]?.messages.clear();
    expect(await verdictOf(ledger, history(['m1', 1]))).toEqual([expect.stringContaining('agent never got m1')]);
  });

  it('asks nothing of a participant who had left before', async () => {
    const { ledger, readers } = story([sent(1, 'm1')]);
    acknowledge(ledger, 'm1', 1);
    readers[1]?.messages.clear();
    Object.assign(readers[1] ?? {}, { leftAt: 0 });
    expect(await verdictOf(ledger, history(['m1', 1]))).toEqual([]);
  });

  it('finds a message that came twice, at one place or at two', async () => {
    const { ledger, readers } = story([sent(1, 'm1'), sent(2, 'm1')]);
    readers[0]?.add(sent(2, 'm1'), 2);
    const verdict = await verdictOf(ledger);
    expect(verdict).toContainEqual(expect.stringContaining('agent has m1 2 times'));
    expect(verdict).toContainEqual(expect.stringContaining('the message at 2 came twice'));
  });

  it('finds a sender who was told another order than the conversation has', async () => {
    const { ledger } = story([sent(1, 'm2'), sent(2, 'm1')]);
    acknowledge(ledger, 'm1', 2);
    acknowledge(ledger, 'm2', 1);
    expect(await verdictOf(ledger, history(['m2', 1], ['m1', 2]))).toEqual([expect.stringContaining('was told m2 at 1 after m1 at 2')]);
  });

  it('finds a message that stands elsewhere than its sender was told', async () => {
    const { ledger } = story([sent(1, 'm1')]);
    acknowledge(ledger, 'm1', 7);
    const verdict = await verdictOf(ledger, history(['m1', 7]));
    expect(verdict).toEqual(['visitor', 'agent'].map((reader) => `${reader} has m1 at 1, its sender was told 7`));
  });

  it('finds what the history lacks, repeats or reorders', async () => {
    const { ledger } = story([sent(1, 'm1'), sent(2, 'm2'), sent(3, 'm3')]);
    for (const [index, mid] of ['m1', 'm2', 'm3'].entries()) acknowledge(ledger, mid, index + 1);
    const verdict = await verdictOf(ledger, history(['m3', 3], ['m2', 2], ['m2', 2]));
    expect(verdict).toContainEqual(expect.stringContaining('m1, acknowledged to visitor, is not in the history'));
    expect(verdict).toContainEqual(expect.stringContaining('m2 stands 2 times in the history'));
    expect(verdict).toContainEqual(expect.stringContaining('out of order at m2'));
  });

  it('finds two owners with nothing between them', async () => {
    const { ledger } = story([taken('usr_a'), taken('usr_b')]);
    expect(await verdictOf(ledger)).toEqual([expect.stringContaining('was owned by usr_a at 1 and by usr_b at 2')]);
  });

  it('finds an agent who was told to own what another one owns', async () => {
    const { ledger } = story([taken('usr_a'), sent(2, 'm1'), sent(3, 'm2')]);
    ledger.owns({ interaction: INTERACTION, agent: 'usr_b', off: 2 });
    expect(await verdictOf(ledger)).toEqual([expect.stringContaining('was owned by usr_a at 1 and by usr_b at 2')]);
  });

  it('finds an agent over capacity, and not one who is exactly full', async () => {
    const { ledger } = story([taken('usr_a', 1)]);
    ledger.capacities.set('usr_a', 1);
    story([taken('usr_a', 2), requeued(3)], { ledger, interaction: 'int_two' });
    story([taken('usr_b', 1), requeued(2), taken('usr_b', 2)], { ledger, interaction: 'int_three' });
    ledger.capacities.set('usr_b', 1);
    expect(await verdictOf(ledger)).toEqual([expect.stringContaining('usr_a has capacity 1 and owned 2 conversations at 2')]);
  });

  it('finds one interaction on offer to two agents at once', async () => {
    const { ledger } = story([]);
    ledger.offered({ interaction: INTERACTION, agent: 'usr_a', token: 't1', madeAt: 10 });
    ledger.offered({ interaction: INTERACTION, agent: 'usr_b', token: 't2', madeAt: 20 });
    ledger.offerGone('usr_a', INTERACTION, 30, 'expired');
    expect(await verdictOf(ledger)).toEqual([expect.stringContaining('was on offer to usr_a until 30 and to usr_b from 20')]);
  });

  it('finds a conversation that nobody was told is closed, and every breach of the protocol', async () => {
    const ledger = new Ledger();
    ledger.started(INTERACTION);
    ledger.breach('something forbidden');
    expect(await verdictOf(ledger)).toEqual(['something forbidden', `${INTERACTION} was never closed`]);
  });
});
