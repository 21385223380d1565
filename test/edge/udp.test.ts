/** Transactions over real UDP sockets: what a far end sees of RFC 3261 17 and 18, RFC 3581 and RFC 6026. */
import { afterEach, expect, test } from 'vitest';
import { createRequest, createResponse } from '../../sip/edge/messageWrite.ts';
import { freshId, requestText, responseText, type SipPeer, sipPeer } from '../actors/sipPeer.ts';
import { until } from '../support/services.ts';
import { type Layers, openLayers } from './support/layers.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function world(): Promise<{ layers: Layers; peer: SipPeer }> {
  const layers = await openLayers();
  const peer = await sipPeer({ protocol: 'udp', host: '127.0.0.1', port: layers.port('udp') });
  open.push(layers, peer);
  return { layers, peer };
}

test('RFC 3261 17.2.1: an INVITE is answered 100 at once, a repeated one by the last response, and handed up once', async () => {
  const { layers, peer } = await world();
  const invite = requestText(peer, 'INVITE');
  peer.send(invite);
  await peer.response(100);
  const transaction = await until(() => layers.requests[0]);
  transaction.respond(createResponse(transaction.request, 180, { toTag: 'ours' }));
  await peer.response(180);
  peer.send(invite);
  expect((await peer.response(180)).headers.get('to')).toContain('tag=ours');
  expect(layers.requests).toHaveLength(1);
});

test('RFC 3261 17.2.1: a refused INVITE is repeated until its ACK, which is not handed up', async () => {
  const { layers, peer } = await world();
  const acks: string[] = [];
  layers.transactions.onAck((ack) => acks.push(ack.headers.get('call-id') ?? ''));
  const branch = freshId('z9hG4bK');
  peer.send(requestText(peer, 'INVITE', { branch }));
  const transaction = await until(() => layers.requests[0]);
  transaction.respond(createResponse(transaction.request, 486, { toTag: 'ours' }));
  await peer.response(486);
  const again = await peer.response(486);
  let ended = '';
  transaction.onEnded((reason) => (ended = reason));
  peer.send(requestText(peer, 'ACK', { branch, to: again.headers.get('to') ?? '' }));
  await until(() => ended === 'done');
  expect(acks).toEqual([]);
  expect(() => transaction.respond(createResponse(transaction.request, 200))).toThrow('final response');
});

test('RFC 3261 9.2: CANCEL is answered 200 with the tag of the INVITE; one of nothing 481', async () => {
  const { layers, peer } = await world();
  const branch = freshId('z9hG4bK');
  peer.send(requestText(peer, 'INVITE', { branch }));
  const transaction = await until(() => layers.requests[0]);
  transaction.onCancel(() => transaction.respond(createResponse(transaction.request, 487, { toTag: 'ours' })));
  transaction.respond(createResponse(transaction.request, 180, { toTag: 'ours' }));
  peer.send(requestText(peer, 'CANCEL', { branch }));
  expect((await peer.response(200, 'CANCEL')).headers.get('to')).toContain('tag=ours');
  await peer.response(487, 'INVITE');
  peer.send(requestText(peer, 'CANCEL'));
  await peer.response(481, 'CANCEL');
  expect(layers.requests).toHaveLength(1);
});

test('RFC 6026: a 2xx ends the transaction; its ACK is handed up, a repeated INVITE absorbed', async () => {
  const { layers, peer } = await world();
  const acks: string[] = [];
  layers.transactions.onAck((ack) => acks.push(ack.headers.get('call-id') ?? ''));
  const callId = freshId('c');
  const invite = requestText(peer, 'INVITE', { callId });
  peer.send(invite);
  const transaction = await until(() => layers.requests[0]);
  transaction.respond(createResponse(transaction.request, 200, { toTag: 'ours' }));
  await peer.response(200);
  peer.send(invite);
  peer.send(requestText(peer, 'ACK', { callId }));
  await until(() => acks.length > 0);
  expect(acks).toEqual([callId]);
  expect(layers.requests).toHaveLength(1);
  expect(peer.received.filter((message) => message.kind === 'response' && message.status === 200)).toHaveLength(1);
});

test('RFC 3261 17.2.2: a repeated request gets the same final again', async () => {
  const { layers, peer } = await world();
  const options = requestText(peer, 'OPTIONS');
  peer.send(options);
  const transaction = await until(() => layers.requests[0]);
  transaction.respond(createResponse(transaction.request, 200, { toTag: 'ours' }));
  await peer.response(200);
  peer.send(options);
  await peer.response(200);
  expect(layers.requests).toHaveLength(1);
});

test('RFC 3581: the response goes to the port the request came from when rport asks, else to that of the Via', async () => {
  const { layers, peer } = await world();
  const elsewhere = await sipPeer({ protocol: 'udp', host: '127.0.0.1', port: layers.port('udp') });
  open.push(elsewhere);
  layers.transactions.onRequest((transaction) => transaction.respond(createResponse(transaction.request, 200, { toTag: 'ours' })));
  peer.send(requestText(elsewhere, 'OPTIONS'));
  expect((await peer.response(200)).headers.get('via')).toContain(`;rport=${peer.port};received=127.0.0.1`);
  peer.send(requestText(elsewhere, 'OPTIONS').replace(';rport', ''));
  await elsewhere.response(200);
});

test('RFC 3261 17.1.1: our INVITE is repeated until a provisional response; a failure is acknowledged, each time it comes', async () => {
  const { layers, peer } = await world();
  const request = createRequest('INVITE', `sip:peer@127.0.0.1:${peer.port}`, [
    ['Route', '<sip:127.0.0.1;lr>'],
    ['Max-Forwards', '70'],
    ['From', '<sip:us@example.org>;tag=us'],
    ['To', '<sip:peer@example.org>'],
    ['Call-ID', freshId('c')],
    ['CSeq', '7 INVITE'],
  ]);
  const client = await layers.transactions.send(request, { protocol: 'udp', host: '127.0.0.1', port: peer.port });
  const statuses: number[] = [];
  client.onResponse((response) => statuses.push(response.status));
  await peer.request('INVITE');
  const invite = await peer.request('INVITE');
  peer.send(responseText(invite, 180));
  await until(() => statuses.includes(180));
  const busy = responseText(invite, 486, { toTag: 'theirs' });
  peer.send(busy);
  const ack = await peer.request('ACK');
  expect(ack.headers.get('via')).toBe(invite.headers.get('via'));
  expect(ack.headers.get('to')).toContain('tag=theirs');
  expect(ack.headers.get('cseq')).toBe('7 ACK');
  expect(ack.headers.get('route')).toBe('<sip:127.0.0.1;lr>');
  peer.send(busy);
  await peer.request('ACK');
  expect(statuses).toEqual([180, 486]);
});

test('RFC 3261 9.1: a CANCEL waits for the first provisional response', async () => {
  const { layers, peer } = await world();
  const request = createRequest('INVITE', `sip:peer@127.0.0.1:${peer.port}`, [
    ['From', '<sip:us@example.org>;tag=us'],
    ['To', '<sip:peer@example.org>'],
    ['Call-ID', freshId('c')],
    ['CSeq', '1 INVITE'],
  ]);
  const client = await layers.transactions.send(request, { protocol: 'udp', host: '127.0.0.1', port: peer.port });
  expect(client.cancel([['Reason', 'SIP;cause=200']])).toBe(true);
  const invite = await peer.request('INVITE');
  expect(peer.received.some((message) => message.kind === 'request' && message.method === 'CANCEL')).toBe(false);
  peer.send(responseText(invite, 180));
  const cancel = await peer.request('CANCEL');
  expect(cancel.headers.get('via')).toBe(invite.headers.get('via'));
  expect(cancel.headers.get('reason')).toBe('SIP;cause=200');
  const ended = new Promise<number>((resolve) => client.onResponse((response) => response.status >= 200 && resolve(response.status)));
  peer.send(responseText(cancel, 200));
  peer.send(responseText(invite, 487));
  expect(await ended).toBe(487);
  expect(client.cancel()).toBe(false);
});

test('RFC 3261 17.1.1: a 2xx that comes again is handed up as stray', async () => {
  const { layers, peer } = await world();
  const strays: number[] = [];
  layers.transactions.onStrayResponse((response) => strays.push(response.status));
  const request = createRequest('INVITE', `sip:peer@127.0.0.1:${peer.port}`, [
    ['From', '<sip:us@example.org>;tag=us'],
    ['To', '<sip:peer@example.org>'],
    ['Call-ID', freshId('c')],
    ['CSeq', '1 INVITE'],
  ]);
  const client = await layers.transactions.send(request, { protocol: 'udp', host: '127.0.0.1', port: peer.port });
  const statuses: number[] = [];
  client.onResponse((response) => statuses.push(response.status));
  const answer = responseText(await peer.request('INVITE'), 200);
  peer.send(answer);
  peer.send(answer);
  await until(() => strays.length > 0);
  expect(statuses).toEqual([200]);
});

test('Safety: a fault above costs one message, and the next is served', async () => {
  const events: string[] = [];
  const layers = await openLayers({ log: { warn: (_fields, event) => events.push(event) } });
  const peer = await sipPeer({ protocol: 'udp', host: '127.0.0.1', port: layers.port('udp') });
  open.push(layers, peer);
  layers.transactions.onRequest((transaction) => {
    if (transaction.request.method === 'MESSAGE') throw new Error('a fault');
    transaction.respond(createResponse(transaction.request, 200, { toTag: 'ours' }));
  });
  peer.send(requestText(peer, 'MESSAGE'));
  peer.send(requestText(peer, 'OPTIONS'));
  await peer.response(200, 'OPTIONS');
  expect(events).toEqual(['edge.message_failed']);
});

test('RFC 4475 3.1.2: what cannot be taken is answered 400 with its reason, or not at all', async () => {
  const { layers, peer } = await world();
  peer.send('\r\n\r\n');
  peer.send('nonsense');
  peer.send(requestText(peer, 'OPTIONS').replace('CSeq: 1 OPTIONS', 'CSeq: 1 INVITE'));
  const refusal = await peer.response(400);
  expect(refusal.reason).toBe('CSeq has another method');
  expect(layers.requests).toEqual([]);
});

test('RFC 5626 4.4.2, RFC 8489: STUN is answered with where it came from; words that keep a way open are no faults', async () => {
  const layers = await openLayers({ host: '::' });
  const peer = (host: string) => sipPeer({ protocol: 'udp', host, port: layers.port('udp') });
  const [four, six] = [await peer('127.0.0.1'), await peer('::1')];
  open.push(layers, four, six);
  const stun = Buffer.from('000100002112a442000102030405060708090a0b', 'hex');
  for (const peer of [four, six]) peer.send(stun);
  const answered = async ({ strange }: SipPeer) => Buffer.from(await until(() => strange[0]), 'latin1');
  for (const peer of [four, six]) for (let count = 0; count < 30; count++) peer.send(count % 2 ? 'jaK' : Buffer.alloc(8));
  for (const [peer, family, address] of [
    [four, 1, '7f000001'],
    [six, 2, `${'00'.repeat(15)}01`],
  ] as const) {
    const answer = await answered(peer);
    expect(answer.subarray(4, 20)).toEqual(stun.subarray(4, 20));
    expect([answer.readUInt16BE(0), answer.readUInt16BE(20), answer[25]]).toEqual([0x0101, 0x0020, family]);
    expect(answer.readUInt16BE(26) ^ 0x2112).toBe(peer.port);
    const mapped = answer.subarray(28).map((byte, index) => byte ^ (stun[4 + index] as number));
    expect(Buffer.from(mapped).toString('hex')).toBe(address);
  }
  expect(layers.transports.throttle.counts.faults).toBe(0);
});
