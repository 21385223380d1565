/** VOX-2, VOX-3: leaving the queue by a key. */
import { afterEach, expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { type House, openHouse } from './support/house.ts';

let house: House;
afterEach(() => house.close());

test.each(['RFC 4733', 'RFC 6086'])(
  'VOX-3 `*` leaves the queue, pressed as %s: routing lets go of the caller, who hears a word and is hung up',
  async (how) => {
    house = await openHouse({ voice: { canExit: true } });
    const phone = await house.phone({ media: { tone: 440 } });
    const call = phone.call(house.scene.did);
    await until(() => call.state === 'talking');
    const [carried] = house.app.calls.all();
    await until(() => phone.media.heard.length > 5, { what: 'music' });
    if (how === 'RFC 4733') phone.media.press('*');
    else expect(await call.send('INFO', ['Content-Type: application/dtmf'], '*')).toBe(200);
    await until(async () => carried && (await house.engine.views.interaction(house.scene.scope, carried.interaction))?.state === 'closed', {
      what: 'routing',
    });
    await until(() => call.state === 'over', { what: 'the BYE', timeoutMs: 40_000 });
    expect(house.app.calls.size).toBe(0);
  },
);
