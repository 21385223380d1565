/** DESIGN §6 "Processes": the process that carries the phone media of calls stands still, or is killed; another is there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { ServerProcess } from '../../src/supervisor/serverProcess.ts';
import type { SipPhone } from '../actors/sipPhone.ts';
import { SCENE_SECRET_KEY } from '../support/phoneScene.ts';
import { startRtpProcess } from '../support/rtpProcess.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseAgent, openHouse } from './support/house.ts';

const timeoutMs = 30_000;

let house: House;
let media: ServerProcess | undefined;
const dataDir = mkdtempSync(join(tmpdir(), 'centralino-media-'));
afterEach(async () => {
  await house.close();
  await media?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** A call with its agent, its media in that process. */
async function talk(phone: SipPhone, agent: HouseAgent) {
  const call = phone.call(house.scene.did);
  await until(() => call.state !== 'ringing', { what: 'an answer', timeoutMs });
  expect(call.state).toBe('talking');
  await until(() => hasTone(phone.media.sound(10), 1_000) && hasTone(agent.sip.media.sound(10), 440), { what: 'the talk', timeoutMs });
  const [{ media: node = '' } = {}] = house.app.calls.all();
  return { call, answered: agent.sip.calls.at(-1), node };
}

test('RTE-12 VOX-4 stopped: its calls end, no agent stays busy, new ones go to the other, and when it goes on nothing of them is left; killed: the same', async () => {
  house = await openHouse({ mediaLoad: 0.9 });
  const { app, engine, scene } = house;
  media = await startRtpProcess({ redisUrl: house.redis.url, dataDir, secretKey: SCENE_SECRET_KEY });
  await until(() => app.media.nodes.length === 2, { what: 'both media processes', timeoutMs });
  const agent = await house.agent({ tone: 1_000 });
  const phone = await house.phone({ media: { tone: 440 } });
  const isFree = async () => (await engine.views.agent(scene.scope, agent.id))?.agent.load === 0;

  const first = await talk(phone, agent);
  expect(first.node).not.toBe('rtp-1');
  media.kill('SIGSTOP');
  await until(() => first.call.state === 'over' && first.answered?.state === 'over', { what: 'the end on both sides', timeoutMs });
  await until(isFree, { what: 'the agent free', timeoutMs });
  const second = await talk(phone, agent);
  expect(second.node).toBe('rtp-1');
  await second.call.bye();
  await until(isFree, { what: 'the agent free again', timeoutMs });

  media.kill('SIGCONT');
  await until(() => app.media.nodes.includes(first.node), { what: 'the link to it', timeoutMs });
  const left = async () => (await app.media.ask(first.node, { do: 'list' })).legs?.length;
  await until(async () => (await left()) === 0, { what: 'no leg of the lost call', timeoutMs });

  const third = await talk(phone, agent);
  expect(third.node).toBe(first.node);
  media.kill('SIGKILL');
  await until(() => third.call.state === 'over' && third.answered?.state === 'over', { what: 'the end of both', timeoutMs });
  await until(isFree, { what: 'the agent free at last', timeoutMs });
  expect((await talk(phone, agent)).node).toBe('rtp-1');
}, 150_000);
