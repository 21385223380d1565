/** VOX-1, VOX-3, VOX-4: a caller reaches a queue, hears music, and an agent's phone answers. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, MUSIC_HZ, openHouse } from './support/house.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

describe('a call to a queue', () => {
  test('VOX-1 VOX-3 VOX-4: music while it waits, then both hear each other, and hanging up ends it for both', async () => {
    const caller = await house.phone({ media: { tone: 440 } });
    const call = caller.call(house.scene.did);
    await until(() => call.state === 'talking', { what: 'the answer' });
    await until(() => hasTone(caller.media.sound(25), MUSIC_HZ), { what: 'music' });

    const agent = await house.agent({ tone: 1_000 });
    await until(() => hasTone(caller.media.sound(10), 1_000), { what: 'the agent, heard by the caller' });
    await until(() => hasTone(agent.sip.media.sound(10), 440), { what: 'the caller, heard by the agent' });

    await call.bye();
    await until(() => agent.sip.calls[0]?.state === 'over', { what: "the agent's BYE" });
    await until(() => house.app.calls.size === 0);
    await until(() => house.edge.figures.dialogs === 0);
    expect(call.state).toBe('over');
    expect(agent.sip.calls).toHaveLength(1);
  });
});
