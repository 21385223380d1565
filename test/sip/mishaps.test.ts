/** RFC 3261, 3264, 3550, RTE-12: late offers, a lost ACK, a new SSRC, a process that drains or is behind, Redis away. */
import { afterEach, expect, test } from 'vitest';
import type { LogEntry } from '../../queues/engine.ts';
import { legStats } from '../../sip/rtp/protocol.ts';
import { ntpMiddle, parseRtcp, writeReport } from '../../sip/rtp/rtcp.ts';
import type { PhoneCall, SipPhone } from '../actors/sipPhone.ts';
import { header, statusOf } from '../actors/sipText.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, type HouseAgent, MUSIC_HZ, openHouse } from './support/house.ts';

let house: House;
afterEach(() => house.close());

const timeoutMs = 15_000;
const hears = (phone: SipPhone, hz: number) => until(() => hasTone(phone.media.sound(10), hz), { what: `${hz} Hz`, timeoutMs });
/** Longer than a lease of the engine lasts, counted by what is heard: 50 packets are a second. */
async function hearsForLong(phone: SipPhone): Promise<void> {
  const before = phone.media.heard.length;
  await until(() => phone.media.heard.length >= before + 400, { what: '8 s of sound', timeoutMs: 30_000 });
}
/** Of ten packets more. */
async function hearsOn(phone: SipPhone, hz: number): Promise<void> {
  const before = phone.media.heard.length;
  await until(() => phone.media.heard.length >= before + 10 && hasTone(phone.media.sound(10), hz), { what: `${hz} Hz still`, timeoutMs });
}

async function waiting(): Promise<{ phone: SipPhone; call: PhoneCall; interaction: string }> {
  const phone = await house.phone({ media: { tone: 440 } });
  const call = phone.call(house.scene.did);
  await until(() => call.state === 'talking', { what: 'the answer' });
  await hears(phone, MUSIC_HZ);
  return { phone, call, interaction: [...house.app.calls.all()].at(-1)?.interaction ?? '' };
}
async function talking(): Promise<{ phone: SipPhone; call: PhoneCall; agent: HouseAgent; interaction: string }> {
  const one = await waiting();
  const agent = await house.agent({ tone: 1_000 });
  await hears(one.phone, 1_000);
  await hears(agent.sip, 440);
  return { ...one, agent };
}
const stateOf = async (id: string) => (await house.engine.views.interaction(house.scene.scope, id as never))?.state;

test('RFC 3261 13.2.1 an INVITE without a description: our offer in the 200, the answer in the ACK', async () => {
  house = await openHouse();
  const agent = await house.agent({ answers: false });
  const phone = await house.phone({ media: { tone: 440 } });
  const call = phone.call(house.scene.did, { sdp: '' });
  call.lateSdp = phone.sdp();
  await until(() => call.state === 'talking');
  expect(call.remoteSdp).toContain('m=audio ');
  await hears(phone, MUSIC_HZ);
  await until(() => agent.sip.calls[0]);
  agent.sip.media.tone = 1_000;
  agent.sip.calls[0]?.answer();
  await hears(phone, 1_000);
  await hears(agent.sip, 440);
});

test('RFC 3261 8.2.2.3 what a request insists on and nobody here knows is refused (420) with its name, in a call too; what is known is done', async () => {
  house = await openHouse();
  const phone = await house.phone({ media: { tone: 440 } });
  const insists = phone.call(house.scene.did, { headers: ['Require: 100rel, foo, bar'] });
  await until(() => insists.state === 'over', { what: 'the refusal' });
  expect(insists.status).toBe(420);
  const refusal = phone.received.find(({ start }) => start.startsWith('SIP/2.0 420'));
  expect(refusal && header(refusal, 'Unsupported')).toBe('foo, bar');
  const call = phone.call(house.scene.did, { headers: ['Require: timer', 'Supported: timer', 'Session-Expires: 1800'] });
  await until(() => call.state === 'talking', { what: 'the answer' });
  expect(await call.send('INFO', ['Require: foo', 'Content-Type: application/dtmf'], '*')).toBe(420);
  expect(await call.send('INFO', ['Content-Type: application/dtmf'], '5')).toBe(200);
  expect(call.state).toBe('talking');
  await call.bye();
  await until(() => house.app.calls.size === 0 && house.edge.figures.dialogs === 0, { what: 'nothing left' });
});

test('RFC 3550 8 VOX-4 a caller whose SSRC changes in the talk is heard on, in one stream', async () => {
  house = await openHouse();
  const { phone, agent } = await talking();
  const from = agent.sip.media.heard.length;
  for (const ssrc of [0x1234_5678, 0x8765_4321]) {
    phone.media.ssrc = ssrc;
    phone.media.sequence = (phone.media.sequence + 20_000) & 0xffff;
    phone.media.timestamp = (phone.media.timestamp + 1_000_000) >>> 0;
    await hearsOn(agent.sip, 440);
    await hearsOn(agent.sip, 440);
  }
  const heard = agent.sip.media.heard.slice(from);
  expect(new Set(heard.map(({ ssrc }) => ssrc)).size).toBe(1);
  const steps = heard.slice(1).map(({ sequence }, index) => (sequence - (heard[index]?.sequence ?? 0)) & 0xffff);
  expect(Math.max(...steps)).toBeLessThan(50);
});

test('RFC 3261 13.3.1.4 the ACK to our 200 is lost for good: the call is hung up and its interaction closed', async () => {
  house = await openHouse({ timers: { t1: 40, t2: 320, t4: 400 } });
  const phone = await house.phone({ media: { tone: 440 } });
  phone.passes = (text) => !text.startsWith('ACK ');
  const call = phone.call(house.scene.did);
  await until(() => call.state === 'talking');
  const [carried] = house.app.calls.all();
  await until(() => call.state === 'over', { what: 'the BYE', timeoutMs });
  await until(async () => (await stateOf(carried?.interaction ?? '')) === 'closed', { what: 'routing' });
  const again = phone.received.filter(
    ({ start, headers }) => start.startsWith('SIP/2.0 200') && headers.some(([, value]) => / INVITE$/.test(value)),
  );
  expect(again.length).toBeGreaterThan(3);
  expect(house.app.calls.size).toBe(0);
});

test('VOX-1 a process that drains: new calls get 503 with Retry-After, those that are up go on to their end', async () => {
  house = await openHouse({ drainMs: 30_000 });
  const { phone, call, agent } = await talking();
  const closed = house.app.close();
  const next = await house.phone();
  const refused = next.call(house.scene.did);
  await until(() => refused.state === 'over');
  expect(refused.status).toBe(503);
  const answer = next.received.find((message) => message.start.startsWith('SIP/2.0 ') && statusOf(message) === 503);
  expect(Number(answer && header(answer, 'Retry-After'))).toBeGreaterThan(0);
  await hearsOn(phone, 1_000);
  await hearsOn(agent.sip, 440);
  await call.bye();
  await closed;
  await until(() => agent.sip.calls[0]?.state === 'over', { what: 'the BYE on the other side' });
});

test('VOX-1 a process that is behind refuses new calls with 503 and Retry-After, and takes them when it has caught up', async () => {
  house = await openHouse({ lagMs: 100 });
  const { phone } = await waiting();
  const next = await house.phone();
  const refused = next.call(house.scene.did);
  const end = performance.now() + 1_500;
  while (performance.now() < end);
  await until(() => refused.state === 'over');
  expect(refused.status).toBe(503);
  const answer = next.received.find((message) => message.start.startsWith('SIP/2.0 ') && statusOf(message) === 503);
  expect(Number(answer && header(answer, 'Retry-After'))).toBeGreaterThan(0);
  await hearsOn(phone, MUSIC_HZ);
  await until(
    async () => {
      const later = next.call(house.scene.did);
      await until(() => later.state !== 'ringing');
      return later.state === 'talking';
    },
    { what: 'a call taken', timeoutMs, everyMs: 200 },
  );
});

test('RTE-12 Redis is restarted while a caller waits: music goes on, it keeps its place, and an agent gets it', async () => {
  house = await openHouse();
  const { phone, call, interaction } = await waiting();
  await house.redis.kill9();
  await hearsOn(phone, MUSIC_HZ);
  await house.redis.restart();
  await hearsOn(phone, MUSIC_HZ);
  await until(async () => (await stateOf(interaction).catch(() => undefined)) === 'waiting', { what: 'routing', timeoutMs });
  const agent = await house.agent({ tone: 1_000 });
  await hears(phone, 1_000);
  await hears(agent.sip, 440);
  expect(call.state).toBe('talking');
  expect([...house.app.calls.all()].map((carried) => carried.interaction)).toEqual([interaction]);
}, 40_000);

test('RTE-12 Redis is away for longer than a lease: who waits goes on waiting, who talks goes on talking', async () => {
  house = await openHouse();
  const { phone, call, agent, interaction } = await talking();
  const next = await waiting();
  await house.redis.kill9();
  await hearsForLong(phone);
  await house.redis.restart();
  await hearsForLong(phone);
  await hearsOn(phone, 1_000);
  await hearsOn(agent.sip, 440);
  await hearsOn(next.phone, MUSIC_HZ);
  expect([call.state, next.call.state]).toEqual(['talking', 'talking']);
  expect(await stateOf(interaction)).toBe('served');
  expect(await stateOf(next.interaction)).toBe('waiting');
  await call.bye();
  await hears(next.phone, 1_000);
}, 60_000);

test('RTE-12 Redis is away in the talk: both hear each other on, and a hang-up meanwhile is told when it is back', async () => {
  house = await openHouse();
  const { phone, call, agent, interaction } = await talking();
  await house.redis.kill9();
  await hearsOn(phone, 1_000);
  await hearsOn(agent.sip, 440);
  await call.bye();
  await until(() => agent.sip.calls[0]?.state === 'over', { what: 'the BYE' });
  await house.redis.restart();
  await until(async () => (await stateOf(interaction).catch(() => undefined)) === 'closed', { what: 'routing', timeoutMs });
  const next = await house.phone({ media: { tone: 500 } });
  await until(async () => (await house.engine.views.agent(house.scene.scope, agent.id))?.interactions.length === 0, { timeoutMs });
  next.call(house.scene.did);
  await hears(agent.sip, 500);
}, 40_000);

test('VOX-5 RFC 3550 6.4 the record of each leg has the figures of its packets and of the phone’s RTCP', async () => {
  house = await openHouse();
  const legs: LogEntry[] = [];
  const tail = house.engine.feeds.tail({
    onEntry: (entry) => void (entry.type === 'call.leg' && legs.push(entry)),
    onGap: () => undefined,
  });
  try {
    await tail.include(house.scene.scope);
    const { phone, call, agent } = await talking();
    const { rtcpPort } = (await firstLeg()) ?? {};
    const ssrc = phone.media.heard[0]?.ssrc ?? 0;
    // As if it had kept our report for no time.
    const heard = { ssrc, fractionLost: 10, lost: 5, highest: 100, jitter: 8, lastReport: ntpMiddle(Date.now() - 250), sinceLastReport: 0 };
    const report = { ssrc: phone.media.ssrc, cname: 'phone', unixMs: Date.now(), isBye: false, sent: undefined, heard };
    phone.media.sendRtcp(writeReport(report), rtcpPort ?? 0);
    await until(async () => (await firstLeg())?.stats.roundTripMs !== undefined, { what: 'the report' });
    await call.bye();
    await until(() => legs.length === 2, { what: 'both records' });
    expect(agent.sip.calls[0]?.state).toBe('over');
    const records = legs.map(({ body }) => JSON.parse(body) as { role: string; stats: string; answeredAt: number; endedAt: number });
    for (const { stats, answeredAt, endedAt } of records) {
      const figures = legStats.parse(JSON.parse(stats));
      expect(figures.packetsReceived).toBeGreaterThan(0);
      expect(figures.packetsSent).toBeGreaterThan(0);
      expect(endedAt).toBeGreaterThan(answeredAt);
    }
    const customer = legStats.parse(JSON.parse(records.find(({ role }) => role === 'customer')?.stats ?? ''));
    expect(customer.roundTripMs).toBeGreaterThan(0);
    expect(customer.remoteLossPct).toBeGreaterThan(0);
    expect(phone.media.heardRtcp.every((bytes) => parseRtcp(bytes))).toBe(true);
  } finally {
    await tail.close();
  }
});

/** The caller's end of the media. */
async function firstLeg() {
  const [call] = house.app.calls.all();
  const { legs = [] } = call ? await house.app.media.ask(call.media, { do: 'list' }) : {};
  return legs.find(({ leg }) => leg === call?.customer.id);
}
