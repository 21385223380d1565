/** VOX-1, VOX-3, VOX-4: a caller reaches a queue, hears music, and an agent's phone answers. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/base/ids.ts';
import { header, token } from '../actors/sipText.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, MUSIC_HZ, openHouse } from './support/house.ts';

let house: House;
afterEach(() => house.close());

describe('a call to a queue', () => {
  beforeEach(async () => {
    house = await openHouse();
  });

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

describe('what is not understood', () => {
  beforeEach(async () => {
    house = await openHouse();
  });

  test('RFC 3261 8.2: the refusal says what would be understood: methods (405, 501 of none there is), schemes (416), bodies and encodings (415)', async () => {
    const caller = await house.phone();
    const invited = async (body: string, ...headers: string[]): Promise<string | undefined> => {
      const call = caller.call(house.scene.did, { sdp: body, headers });
      await until(() => call.state === 'over' || call.state === 'talking', { what: 'an answer' });
      const last = caller.received.findLast(({ start }) => start.startsWith(`SIP/2.0 ${call.status}`));
      return `${call.status} ${last && (header(last, 'Accept') ?? header(last, 'Accept-Encoding'))}`;
    };
    expect(await invited('Hello', 'Content-Type: text/plain')).toBe('415 application/sdp');
    expect(await invited(caller.sdp(), 'Content-Encoding: gzip')).toBe('415 identity');
    const uri = `sip:${house.scene.did}@127.0.0.1`;
    const parties = [`From: <sip:a@127.0.0.1>;tag=${token()}`, `To: <${uri}>`, `Call-ID: ${token()}`, 'CSeq: 1 PUBLISH'];
    const published = await caller.request('PUBLISH', uri, parties);
    const none = await caller.request('FOO', uri, parties.with(3, 'CSeq: 2 FOO'));
    expect(none.start).toMatch(/^SIP\/2\.0 501 /);
    const asked = await caller.request('OPTIONS', 'http://127.0.0.1/', parties.with(3, 'CSeq: 3 OPTIONS'));
    expect(asked.start).toMatch(/^SIP\/2\.0 416 /);
    expect(published.start).toMatch(/^SIP\/2\.0 405 /);
    expect(header(published, 'Allow')).toContain('INVITE, ACK, CANCEL, BYE');
    expect(house.app.calls.size).toBe(0);
  });
});

describe('a stranger who dials an extension', () => {
  beforeEach(async () => {
    house = await openHouse({ trunkSources: ['192.0.2.1'] });
  });

  const reaches = async (domain?: string): Promise<boolean> => {
    const caller = await house.phone();
    const call = caller.call(house.scene.extension, domain === undefined ? {} : { domain });
    await until(() => call.state === 'talking' || call.state === 'over', { what: 'an answer' });
    const isReached = call.state === 'talking';
    if (isReached) await call.bye();
    return isReached;
  };

  test('VOX-1 the account is the only one, else the one that the domain names; without either nobody is reached', async () => {
    expect(await reaches()).toBe(true);
    const { config } = house.engine;
    const { accountId, partition } = house.scene.scope;
    await config.place(accountId, partition, 'Acme');
    await config.place(newId('account'), 3, 'other');
    expect(await reaches()).toBe(false);
    expect(await reaches('acme.example.org')).toBe(true);
    expect(await reaches('ACME.example.org')).toBe(true);
    expect(await reaches('other.example.org')).toBe(false);
    expect(await reaches('acme')).toBe(false);
  });
});
