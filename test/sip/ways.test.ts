/**
 * The other ways to the house than UDP over IPv4, from one end to the other: TCP, TLS and IPv6. The phones are baresip; a phone that came by a connection is rung on it. What
 * is heard is told by frequency. WebSocket is in `jssip.test.ts`.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import type { SipRequest } from '../../sip/edge/message.ts';
import { parseDatagram } from '../../sip/edge/messageParse.ts';
import { Baresip, type BaresipOptions } from '../actors/baresip.ts';
import { requestText, responseText, sipPeer } from '../actors/sipPeer.ts';
import type { PhoneCall } from '../actors/sipPhone.ts';
import { TEST_CERT, TEST_KEY } from '../gateway/support/certificate.ts';
import { until } from '../support/services.ts';
import { hasTone } from '../support/tones.ts';
import { type House, MUSIC_HZ, openHouse, signIn } from './support/house.ts';

const CALLER_HZ = 440;
const AGENT_HZ = 1_000;

let house: House;
const phones: Baresip[] = [];
afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.close()));
  await house.close();
});

type Way = Pick<BaresipOptions, 'transport' | 'host'>;

const portFor = ({ transport = 'udp' }: Way): number =>
  ({ udp: house.edge.sipPort, tcp: house.edge.tcpPort, tls: house.edge.tlsPort })[transport];

async function baresip(way: Way, options: { user?: string; password?: string; tone: number }): Promise<Baresip> {
  const phone = await Baresip.start({ serverPort: portFor(way), user: 'stranger', password: 'none', ...way, ...options });
  phones.push(phone);
  return phone;
}

const hears = (phone: Baresip, hz: number) =>
  until(() => hasTone(phone.sound(), hz), { what: `${hz} Hz at ${phone.user}`, timeoutMs: 30_000 }).catch((error: Error) => {
    throw new Error(`${error.message}\n${phone.events.join(' ')}\n${phone.output}`);
  });
const happens = (phone: Baresip, event: string) =>
  until(() => phone.count(event) > 0, { what: `${event} of baresip`, timeoutMs: 30_000 }).catch((error: Error) => {
    throw new Error(`${error.message}\n${phone.events.join(' ')}\n${phone.output}`);
  });

test.each([
  ['VOX-4 RFC 3261 18 TCP, rung on its own connection (RFC 5626)', { transport: 'tcp' }, /;transport=tcp$/, ['IPv4', 'IPv4']],
  ['VOX-4 RFC 3261 26.2 TLS, rung on its own connection (RFC 5626)', { transport: 'tls' }, /;transport=tls$/, ['IPv4', 'IPv4']],
  ['VOX-4 RFC 3261 19.1.1 IPv6, and media in both families', { host: '::1' }, /^sip:\[::1\]:\d+;transport=udp$/, ['IPv4', 'IPv6']],
] as const)(
  '%s: the caller hears music, the agent answers, both hear each other, and either hangs up',
  async (_what, way, flow, families) => {
    house = await openHouse({ sockets: { host: '::', tls: { cert: TEST_CERT, key: TEST_KEY } } });
    const at = 'host' in way ? `[${way.host}]` : '127.0.0.1';
    const over = 'transport' in way ? `;transport=${way.transport}` : '';
    const dial = (phone: Baresip) => phone.press('dial', `sip:${house.scene.did}@${at}:${portFor(way)}${over}`);

    const caller = await baresip(way, { tone: CALLER_HZ });
    await dial(caller);
    await happens(caller, 'CALL_ESTABLISHED');
    await hears(caller, MUSIC_HZ);
    const known = await house.scene.addAgent();
    const { username: user, password } = known.credentials;
    const agent = await baresip(way, { user, password, tone: AGENT_HZ });
    const binding = await until(async () => (await house.engine.phones.bindings(house.scene.scope, known.phone.id))[0], {
      what: 'the registration',
      timeoutMs: 30_000,
    });
    expect(binding.flow).toMatch(flow);
    await signIn(house.engine, house.scene, known.id);
    await happens(agent, 'CALL_INCOMING');
    await agent.press('accept');
    await hears(caller, AGENT_HZ);
    await hears(agent, CALLER_HZ);
    // A phone that is reached over IPv6 is offered media there; the caller's packets go where its description says.
    const [call] = house.app.calls.all();
    const media = (call?.legs ?? []).map(({ negotiation }) => (negotiation.saved.line?.address.includes(':') ? 'IPv6' : 'IPv4'));
    expect(media).toEqual(families);
    await agent.press('hangup');
    await happens(caller, 'CALL_CLOSED');
    await until(() => house.app.calls.size === 0 && house.edge.figures.dialogs === 0, { what: 'nothing left' });

    // Once more, and the caller hangs up.
    await dial(caller);
    await until(() => agent.count('CALL_INCOMING') === 2, { what: 'the second call', timeoutMs: 30_000 });
    await agent.press('accept');
    await until(() => agent.count('CALL_ESTABLISHED') === 2, { what: 'the second answer' });
    await caller.press('hangup');
    await until(() => agent.count('CALL_CLOSED') === 2, { what: 'the second end' });
    await until(() => house.app.calls.size === 0 && house.edge.figures.dialogs === 0 && house.media.legCount === 0, {
      what: 'nothing left',
    });
    // Phones are hung up first, routing is told beside.
    const isFree = async () => (await house.engine.views.agent(house.scene.scope, known.id))?.interactions.length === 0;
    await until(isFree, { what: 'the agent free' });
  },
  120_000,
);

test('VOX-6 RFC 3261 19.1.1 a trunk over IPv6 is offered media there, and gets what a phone on IPv4 says', async () => {
  house = await openHouse({ sockets: { host: '::' } });
  const provider = await sipPeer({ protocol: 'udp', host: '::1', port: house.edge.sipPort });
  const ear = createSocket('udp6');
  let packets = 0;
  ear.on('message', () => packets++);
  ear.bind(0, '::1');
  await once(ear, 'listening');
  await house.scene.addTrunk({ host: '::1', port: provider.port, prefixes: ['+3906'] });
  await until(async () => (await house.engine.phones.trunks()).some(({ doc }) => doc.prefixes.includes('+3906')));
  const agent = await house.agent({ tone: AGENT_HZ });
  const phone = await house.phone({ media: { tone: CALLER_HZ } });
  phone.call(house.scene.did);
  await until(() => hasTone(phone.media.sound(10), AGENT_HZ), { what: 'the agent' });
  expect(await (agent.sip.calls[0] as PhoneCall).refer('<sip:+39061234567@127.0.0.1>')).toBe(202);
  const invite = await provider.request('INVITE');
  expect(invite.uri).toContain('@[::1]:');
  const offer = invite.body.toString();
  expect(offer).toMatch(/^c=IN IP6 ::1\r$/m);
  const body = offer.replace(/^m=audio \d+ /m, `m=audio ${ear.address().port} `);
  provider.send(responseText(invite, 200, { toTag: 'far', lines: [`Contact: <sip:[::1]:${provider.port}>`], body }));
  await provider.request('ACK');
  await until(() => packets > 20, { what: 'the caller over IPv6' });
  provider.close();
  ear.close();
});

test.each(['tcp', 'tls'] as const)(
  'VOX-6 RFC 3261 18 a trunk by %s: one connection of ours carries the call, and either side hangs up',
  async (transport) => {
    house = await openHouse({ sockets: { tls: { cert: TEST_CERT, key: TEST_KEY, ca: TEST_CERT } } });
    const connections: Socket[] = [];
    const came: SipRequest[] = [];
    const onSocket = (socket: Socket): void => {
      connections.push(socket);
      socket.on('error', () => undefined);
      // Of what the edge sends here each message is a chunk of its own.
      socket.on('data', (bytes) => {
        const parsed = parseDatagram(bytes);
        if (parsed.outcome === 'message' && parsed.message.kind === 'request') came.push(parsed.message);
      });
    };
    const far = transport === 'tcp' ? createServer(onSocket) : createTlsServer({ cert: TEST_CERT, key: TEST_KEY }, onSocket);
    far.listen(0, '127.0.0.1');
    await once(far, 'listening');
    const { port } = far.address() as AddressInfo;
    await house.scene.addTrunk({ host: 'localhost', port, transport, prefixes: ['+3906'] });
    await until(async () => (await house.engine.phones.trunks()).some(({ doc }) => doc.prefixes.includes('+3906')));
    const request = (method: string, count = 1) =>
      until(() => came.filter((each) => each.method === method)[count - 1], { what: `${method} at the trunk`, timeoutMs: 20_000 });
    const answer = (to: SipRequest, body = '') =>
      connections[0]?.write(
        responseText(to, 200, { toTag: 'far', lines: [`Contact: <sip:far@127.0.0.1:${port};transport=${transport}>`], body }),
      );

    const agent = await house.agent({ tone: AGENT_HZ });
    agent.sip.password = agent.credentials.password;
    const description = (await house.phone()).sdp();
    for (const round of [1, 2]) {
      const call = agent.sip.call('+39061234567');
      const invite = await request('INVITE', round);
      answer(invite, description);
      await request('ACK', round);
      await until(() => call.state === 'talking', { what: 'the answer at the phone', timeoutMs: 20_000 });
      if (round === 1) {
        await call.bye();
        answer(await request('BYE'));
      } else {
        const peer = { protocol: transport, host: '127.0.0.1', port } as Parameters<typeof requestText>[0];
        const [from, to] = [`${invite.headers.get('to')};tag=far`, invite.headers.get('from') ?? ''];
        connections[0]?.write(requestText(peer, 'BYE', { from, to, callId: invite.headers.get('call-id') ?? '', contact: null }));
        await until(() => call.state === 'over', { what: 'the end at the phone', timeoutMs: 20_000 });
      }
      await until(() => house.app.calls.size === 0 && house.edge.figures.dialogs === 0, { what: 'nothing left', timeoutMs: 20_000 });
    }
    expect(connections).toHaveLength(1);
    far.close();
    for (const socket of connections) socket.destroy();
  },
  90_000,
);

test.each(['tcp', 'tls'] as const)(
  'VOX-1 RFC 3261 18 a trunk calls by %s: what is said in the call goes by its connection while that stands, and else by one to its Contact',
  async (transport) => {
    house = await openHouse({ sockets: { tls: { cert: TEST_CERT, key: TEST_KEY, ca: TEST_CERT } } });
    const later: SipRequest[] = [];
    const onSocket = (socket: Socket): void => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        const parsed = parseDatagram(bytes);
        if (parsed.outcome !== 'message' || parsed.message.kind !== 'request') return;
        later.push(parsed.message);
        socket.write(responseText(parsed.message, 200));
      });
    };
    const far = transport === 'tcp' ? createServer(onSocket) : createTlsServer({ cert: TEST_CERT, key: TEST_KEY }, onSocket);
    far.listen(0, '127.0.0.1');
    await once(far, 'listening');
    const { port } = far.address() as AddressInfo;
    const isHungUpThere = (count: number) =>
      until(() => later.filter(({ method }) => method === 'BYE').length === count, { what: 'the BYE at its Contact', timeoutMs: 20_000 });
    const contact = `<sip:provider@localhost:${port};transport=${transport}>`;
    const agent = await house.agent({ tone: AGENT_HZ });
    const line = await house.phone({ media: { tone: CALLER_HZ } });

    for (const hangsUp of ['us on its connection', 'the trunk', 'us on a new connection', 'us, as its connection breaks'] as const) {
      const provider = await sipPeer({ protocol: transport, host: '127.0.0.1', port: portFor({ transport }) });
      const from = `<sip:+39021234567@provider.example>;tag=${hangsUp.length}`;
      const uri = `sip:${house.scene.did}@127.0.0.1;transport=${transport}`;
      const parts = { from, callId: `${transport}-${hangsUp.length}`, contact };
      provider.send(requestText(provider, 'INVITE', { ...parts, uri, to: `<${uri}>`, body: line.sdp() }));
      const answered = await provider.response(200, 'INVITE');
      const to = answered.headers.get('to') ?? '';
      const target = /<([^>]+)>/.exec(answered.headers.get('contact') ?? '')?.[1] ?? '';
      expect(target).toContain(`transport=${transport}`);
      provider.send(requestText(provider, 'ACK', { ...parts, uri: target, to }));
      line.media.talk({ address: '127.0.0.1', port: Number(/^m=audio (\d+)/m.exec(answered.body.toString())?.[1]) });
      line.media.heard.length = 0;
      await until(() => hasTone(line.media.sound(10), AGENT_HZ), { what: 'the agent at the trunk', timeoutMs: 20_000 });
      const [rung] = agent.sip.calls.slice(-1);
      switch (hangsUp) {
        case 'us on its connection':
          await rung?.bye();
          provider.send(responseText(await provider.request('BYE'), 200));
          break;
        case 'the trunk':
          provider.send(requestText(provider, 'BYE', { ...parts, uri: target, to, cseq: 2 }));
          await provider.response(200, 'BYE');
          break;
        case 'us on a new connection':
          provider.destroy();
          await rung?.bye();
          await isHungUpThere(1);
          break;
        case 'us, as its connection breaks':
          await rung?.bye();
          await provider.request('BYE');
          provider.destroy();
          await isHungUpThere(2);
      }
      const isNothingLeft = () => house.app.calls.size === 0 && house.edge.figures.dialogs === 0;
      await until(isNothingLeft, { what: `nothing left of ${hangsUp}`, timeoutMs: 40_000 });
      provider.close();
    }
    far.close();
  },
  90_000,
);
