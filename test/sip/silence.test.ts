/** VOX-1, RTE-12, RFC 5057: a phone that vanished is told from one that is silent. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { SipPhone } from '../actors/sipPhone.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, openHouse } from './support/house.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse({ silence: { afterMs: 400, afterUnlistedMs: 3_000, answerMs: 700, retryMs: 200, againMs: 300 } });
});
afterEach(() => house.close());

const asked = ({ received }: SipPhone): number => received.filter(({ start }) => start.startsWith('OPTIONS ')).length;
const isClosed = async (id: string): Promise<boolean> =>
  (await house.engine.views.interaction(house.scene.scope, id as never))?.state === 'closed';

async function waiting(allow?: string) {
  const phone = await house.phone({ media: { tone: 440 }, ...(allow === undefined ? {} : { allow }) });
  const call = phone.call(house.scene.did);
  await until(() => call.state === 'talking' && phone.media.heard.length > 5, { what: 'music' });
  const interaction = [...house.app.calls.all()].at(-1)?.interaction ?? '';
  return { phone, call, interaction };
}

test('RFC 5057 VOX-1 a caller who vanished while waiting, or never sent a packet, has left: nobody is rung for it', async () => {
  const { phone, interaction } = await waiting();
  phone.vanish();
  const mute = await house.phone();
  const muteCall = mute.call(house.scene.did);
  await until(() => muteCall.state === 'talking');
  mute.vanish();
  await until(() => house.app.calls.size === 0, { what: 'the end of both', timeoutMs: 10_000 });
  await until(() => isClosed(interaction));
  const agent = await house.agent();
  const next = await waiting();
  await until(() => agent.sip.calls[0]?.state === 'talking');
  expect(agent.sip.calls).toHaveLength(1);
  expect(next.call.state).toBe('talking');
});

test('RFC 5057 VOX-4 the agent’s phone vanished: the call ends as if it had hung up', async () => {
  const agent = await house.agent({ tone: 1_000 });
  const { phone, call, interaction } = await waiting();
  await until(() => hasTone(phone.media.sound(10), 1_000), { what: 'the agent' });
  agent.sip.vanish();
  await until(() => call.state === 'over', { what: 'the BYE', timeoutMs: 10_000 });
  await until(() => isClosed(interaction));
});

test('RFC 5057 VOX-4 the caller vanished in the talk: the agent is let go', async () => {
  const agent = await house.agent({ tone: 1_000 });
  const { phone, interaction } = await waiting();
  await until(() => hasTone(phone.media.sound(10), 1_000), { what: 'the agent' });
  phone.vanish();
  await until(() => agent.sip.calls[0]?.state === 'over', { what: 'the BYE', timeoutMs: 10_000 });
  await until(() => isClosed(interaction));
});

test('RFC 3261 11.2 a phone that has no such call any more (481) is gone', async () => {
  const { phone, call } = await waiting();
  phone.media.hush();
  call.optionsStatus = 481;
  await until(() => house.app.calls.size === 0, { what: 'the end', timeoutMs: 10_000 });
  expect(asked(phone)).toBe(2);
});

test.each([200, 405, 501])('VOX-1 a silent phone that answers OPTIONS with %d stays, and is asked now and then', async (status) => {
  const { phone, call } = await waiting();
  call.optionsStatus = status;
  phone.media.hush();
  await until(() => asked(phone) === 4, { what: 'four questions', timeoutMs: 10_000 });
  expect(call.state).toBe('talking');
  expect(house.app.calls.size).toBe(1);
  // Heard again: no more questions.
  phone.media.talk({ address: '127.0.0.1', port: Number(/^m=audio (\d+)/m.exec(call.remoteSdp)?.[1]) });
  const [carried] = house.app.calls.all();
  await until(() => carried?.customer.silence === undefined, { what: 'the end of the silence' });
});

test('VOX-1 a phone that does not say it knows OPTIONS is asked much later', async () => {
  const listed = await waiting();
  const unlisted = await waiting('');
  for (const { phone } of [listed, unlisted]) phone.media.hush();
  await until(() => asked(listed.phone) >= 2);
  expect(asked(unlisted.phone)).toBe(0);
  await until(() => asked(unlisted.phone) > 0, { what: 'the question', timeoutMs: 10_000 });
  expect(unlisted.call.state).toBe('talking');
});
