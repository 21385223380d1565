/** VOX-3: music and announcements: uploaded, converted, played back, chosen by a queue. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { QueueId } from '../../src/base/ids.ts';
import { type Tenant, World } from '../gateway/support/world.ts';
import { until } from '../support/services.ts';
import { wavOf } from '../support/wav.ts';

let world: World;
let tenant: Tenant;
beforeAll(async () => {
  world = await World.start();
  tenant = await world.tenant();
});
afterAll(() => world.close());

const upload = (content: Buffer, name: string, as = tenant.owner.token) =>
  world.call('POST /api/v1/sounds', {
    as,
    body: new Uint8Array(content),
    headers: { 'content-type': 'audio/wav', 'x-file-name': encodeURIComponent(name) },
  });

describe('sounds', () => {
  test('VOX-3 a WAV of any usual form becomes 8 kHz mono, and is heard again as it will be played', async () => {
    const made = await upload(wavOf(440, 1.5), 'Attesa è musica.wav');
    expect(made).toMatchObject({ status: 201, body: { name: 'Attesa è musica', durationMs: 1_500 } });
    const headers = { authorization: `Bearer ${tenant.owner.token}` };
    const response = await fetch(`http://127.0.0.1:${world.port}/api/v1/sounds/${made.body.id}/audio`, { headers });
    const audio = Buffer.from(await response.arrayBuffer());
    expect(response.headers.get('content-type')).toBe('audio/wav');
    expect([audio.toString('latin1', 0, 4), audio.readUInt16LE(22), audio.readUInt32LE(24)]).toEqual(['RIFF', 1, 8_000]);
    // The tone is still that tone: it crosses zero 880 times a second.
    let crossings = 0;
    for (let at = 44 + 2; at < audio.length; at += 2) if (audio.readInt16LE(at - 2) < 0 !== audio.readInt16LE(at) < 0) crossings++;
    expect(crossings / 1.5).toBeGreaterThan(860);
    expect(crossings / 1.5).toBeLessThan(900);
  });

  test('VOX-3 what is no sound is refused with the reason, and nothing of it stays', async () => {
    for (const content of [Buffer.from('not a sound at all'), wavOf(440, 1).subarray(0, 30), Buffer.alloc(0)]) {
      const { status, body } = await upload(content, 'x.wav');
      expect([status, typeof body.detail]).toEqual([415, 'string']);
    }
    const { items } = (await world.call('GET /api/v1/sounds', { as: tenant.owner.token })).body;
    expect(items.map(({ name }: { name: string }) => name)).toEqual(['Attesa è musica']);
  });

  test('VOX-3 a queue plays it; while it does the sound stays; another account neither hears nor takes it', async () => {
    const as = tenant.owner.token;
    const { body: sound } = await upload(wavOf(300, 0.5), 'Jingle');
    const made = await world.call('POST /api/v1/queues', {
      as,
      body: { name: 'Calls', channel: 'voice', mode: 'longest_idle', voice: { music: sound.id, greeting: sound.id } },
    });
    expect(made.body.voice).toMatchObject({ music: sound.id, greeting: sound.id, language: 'en' });
    const scope = await until(() => world.engine.config.scopeOf(tenant.accountId as never));
    expect((await world.engine.config.queue(scope, made.body.id as QueueId))?.voice.music).toBe(sound.id);
    expect((await world.call(`DELETE /api/v1/sounds/${sound.id}`, { as })).body).toMatchObject({
      code: 'wrong_state',
      detail: expect.stringContaining('Calls'),
    });
    const stranger = await world.tenant('Stranger');
    expect((await world.call(`GET /api/v1/sounds/${sound.id}/audio`, { as: stranger.owner.token })).status).toBe(404);
    const stolen = { name: 'Theirs', channel: 'voice', mode: 'random', voice: { music: sound.id } };
    expect((await world.call('POST /api/v1/queues', { as: stranger.owner.token, body: stolen })).status).toBe(422);
    await world.call(`PATCH /api/v1/queues/${made.body.id}`, { as, body: { voice: { music: '', greeting: '' }, version: 1 } });
    // RTE-10: a recipe's message plays it as well.
    const message = (heard: string) => ({ recipe: [{ afterSec: 9, onlyIf: 'always', do: { op: 'message', text: 'Hold', sound: heard } }] });
    const change = (body: object) => world.call(`PATCH /api/v1/queues/${made.body.id}`, { as, body });
    expect((await change({ ...message(sound.id), version: 2 })).status).toBe(200);
    expect((await world.call(`DELETE /api/v1/sounds/${sound.id}`, { as })).body).toMatchObject({ code: 'wrong_state' });
    expect((await change({ ...message('nothing'), version: 3 })).body.errors).toEqual([
      { path: 'recipe.0.do.sound', message: 'there is no such sound' },
    ]);
    expect((await change({ ...message('busy'), version: 3 })).status).toBe(200);
    expect((await world.call(`DELETE /api/v1/sounds/${sound.id}`, { as })).status).toBe(204);
    expect((await world.call(`GET /api/v1/sounds/${sound.id}/audio`, { as })).status).toBe(404);
  });
});
