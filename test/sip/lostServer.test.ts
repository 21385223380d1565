/** DESIGN §6 "Call recovery": the application lives, and the SIP server it is linked to is lost: for a moment, or for good. */
import { afterEach, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseOptions, openHouse } from './support/house.ts';
import { openRelay, type Relay } from './support/relay.ts';

let house: House;
let relay: Relay | undefined;
afterEach(async () => {
  await house.close();
  await relay?.close();
  relay = undefined;
});

async function talking(options: HouseOptions) {
  house = await openHouse(options);
  const agent = await house.agent({ tone: 1_000 });
  const phone = await house.phone({ media: { tone: 440 } });
  const call = phone.call(house.scene.did);
  await until(() => hasTone(phone.media.sound(10), 1_000), { what: 'the agent' });
  const load = async () => (await house.engine.views.agent(house.scene.scope, agent.id))?.agent.load;
  expect(await load()).toBe(1);
  return { agent, phone, call, load };
}

test('RTE-12 the link to the server breaks and is back: the application asks for its calls until it is answered, and they end as any call does', async () => {
  const wireAt = async (port: number): Promise<number> => {
    relay = await openRelay(port);
    return relay.port;
  };
  const { agent, phone, call, load } = await talking({ wireAt });
  // The first question is not heard.
  relay?.swallow('{');
  relay?.cut();
  await until(() => house.edge.figures.callsAdopted === 2, { what: 'both dialogs, asked for' });
  expect(house.edge.figures.callsOrphaned).toBe(2);
  const heard = phone.media.heard.length;
  await until(() => phone.media.heard.length > heard + 10, { what: 'the talk' });
  await call.bye();
  await until(() => agent.sip.calls[0]?.state === 'over', { what: 'the BYE on the other side' });
  await until(async () => (await load()) === 0, { what: 'the agent, free' });
});

test('RTE-12 the server dies and does not come back: its calls are over, and no agent stays busy with one', async () => {
  const { load } = await talking({ serverGoneMs: 500 });
  await house.edge.close('died');
  await until(async () => (await load()) === 0, { what: 'the agent, free' });
  expect([...house.app.calls.all()]).toEqual([]);
});
