/** SIP over TCP, TLS and WebSocket, and over IPv6: framing, keep-alives, reuse, limits, and what happens when a connection ends. Real sockets. */
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createRequest, createResponse, writeMessage } from '../../sip/edge/messageWrite.ts';
import type { TransportOptions } from '../../sip/edge/transports.ts';
import type { Protocol } from '../../sip/edge/types.ts';
import { freshId, requestText, responseText, type SipPeer, sipPeer } from '../actors/sipPeer.ts';
import { TEST_CERT, TEST_KEY } from '../gateway/support/certificate.ts';
import { until } from '../support/services.ts';
import { type Layers, openLayers } from './support/layers.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function layersWith(options: Partial<TransportOptions>): Promise<Layers> {
  const layers = await openLayers(options);
  open.push(layers);
  return layers;
}

async function peerOf(layers: Layers, protocol: Protocol, host = '127.0.0.1'): Promise<SipPeer> {
  const peer = await sipPeer({ protocol, host, port: layers.port(protocol) });
  open.push(peer);
  return peer;
}

function answerAll(layers: Layers, body = ''): void {
  layers.transactions.onRequest((transaction) => {
    const response = createResponse(transaction.request, 200, { toTag: 'ours' });
    response.body = Buffer.from(body);
    transaction.respond(response);
  });
}

/** A TCP server that never reads, or only listens: the far end of our own connections. */
async function tcpServer(onSocket: (socket: Socket) => void): Promise<{ port: number; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const bound = server.address();
  return { port: typeof bound === 'object' && bound ? bound.port : 0, sockets };
}

/** Connected, and silent. */
async function rawSocket(port: number): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port });
  open.push({ close: () => socket.destroy() });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.resume();
  return socket;
}

function ourRequest(method: string, cseq = 1): ReturnType<typeof createRequest> {
  return createRequest(method, 'sip:peer@example.org', [
    ['From', '<sip:us@example.org>;tag=us'],
    ['To', '<sip:peer@example.org>'],
    ['Call-ID', freshId('c')],
    ['CSeq', `${cseq} ${method}`],
  ]);
}

describe('RFC 3261 18: every transport carries the same', () => {
  const certificate = { cert: TEST_CERT, key: TEST_KEY };
  const cases: readonly [Protocol, Partial<TransportOptions>][] = [
    ['tcp', { ports: { tcp: 0 } }],
    ['tls', { ports: { tls: 0 }, tls: certificate }],
    ['ws', { ports: { ws: 0 } }],
    ['wss', { ports: { ws: 0 }, tls: certificate }],
  ];
  test.each(cases)('%s: a request and its answer, and one of ours back on the same connection', async (protocol, options) => {
    const layers = await layersWith(options);
    const peer = await peerOf(layers, protocol);
    answerAll(layers, 'a body\r\n\r\nwith empty lines');
    peer.send(requestText(peer, 'MESSAGE', { body: 'hello' }));
    const response = await peer.response(200);
    expect(response.body.toString()).toBe('a body\r\n\r\nwith empty lines');
    const transaction = await until(() => layers.requests[0]);
    expect(transaction.request.body.toString()).toBe('hello');
    expect(transaction.flow).toMatchObject({ protocol, isReliable: true, isClosed: false, advertised: { port: layers.port(protocol) } });

    const client = await layers.transactions.send(ourRequest('OPTIONS'), {
      ...{ protocol, host: '127.0.0.1', port: 1 },
      flow: transaction.flow.id,
    });
    const answered = new Promise<number>((resolve) => client.onResponse(({ status }) => resolve(status)));
    const options2 = await peer.request('OPTIONS');
    expect(options2.headers.get('via')).toMatch(new RegExp(`^SIP/2.0/${protocol.toUpperCase()} 127\\.0\\.0\\.1:`));
    peer.send(responseText(options2, 200));
    expect(await answered).toBe(200);
    expect(layers.transactions.counts).toEqual({ server: 0, client: 0 });
  });
});

test('RFC 3261 18.3: several messages in one segment, and each byte a segment of its own, are the same messages', async () => {
  const layers = await layersWith({ ports: { tcp: 0 } });
  const peer = await peerOf(layers, 'tcp');
  const texts = ['one', '', 'three\r\n\r\n'].map((body) => requestText(peer, 'MESSAGE', { body, contact: null }));
  peer.send(texts.join('\r\n'));
  await until(() => layers.requests.length === 3);
  const slow = requestText(peer, 'MESSAGE', { body: 'slow' });
  for (const byte of Buffer.from(slow)) peer.send(Buffer.of(byte));
  await until(() => layers.requests.length === 4);
  expect(layers.requests.map(({ request }) => request.body.toString())).toEqual(['one', '', 'three\r\n\r\n', 'slow']);
});

test('RFC 5626 4.4.1: two line ends are answered by one', async () => {
  const layers = await layersWith({ ports: { tcp: 0 } });
  const peer = await peerOf(layers, 'tcp');
  peer.send('\r\n');
  peer.send('\r\n');
  await until(() => peer.strange.includes('\r\n'));
  peer.send(requestText(peer, 'OPTIONS'));
  await until(() => layers.requests.length === 1);
  expect(peer.strange).toEqual(['\r\n']);
});

test('Safety: thousands of line ends in one go are answered by few', async () => {
  const layers = await layersWith({ ports: { tcp: 0 } });
  const peer = await peerOf(layers, 'tcp');
  peer.send('\r\n'.repeat(8_000));
  peer.send(requestText(peer, 'OPTIONS'));
  await until(() => layers.requests.length === 1);
  await until(() => peer.strange.length > 0);
  expect(peer.strange.join('').length).toBeLessThan(200);
});

test('RFC 3261 18.3: a message that is wrong but whole does not end its connection', async () => {
  const layers = await layersWith({ ports: { tcp: 0 } });
  const peer = await peerOf(layers, 'tcp');
  peer.send(requestText(peer, 'MESSAGE', { body: 'SIP/2.0 looks like one\r\n\r\n' }).replace('CSeq: 1', 'CSeq: one'));
  peer.send(requestText(peer, 'OPTIONS'));
  await until(() => peer.strange.some((text) => text.startsWith('SIP/2.0 400 Bad CSeq')));
  await until(() => layers.requests.length === 1);
  expect(peer.isClosed).toBe(false);
});

test('RFC 3261 18.3: a stream that cannot be framed any more is answered and closed', async () => {
  const layers = await layersWith({ ports: { tcp: 0 } });
  const peer = await peerOf(layers, 'tcp');
  peer.send(requestText(peer, 'OPTIONS').replace('Content-Length: 0', 'Content-Length: -1'));
  await peer.response(400);
  await until(() => peer.isClosed);
  const garbage = await peerOf(layers, 'tcp');
  garbage.send(Buffer.alloc(40_000, 'x'));
  await until(() => garbage.isClosed);
  expect(layers.requests).toEqual([]);
  await until(() => layers.transports.connectionCount === 0);
});

test('RFC 3261 18: one connection carries all requests to a far end; when it ends, those that wait fail at once', async () => {
  const layers = await layersWith({ ports: { tcp: 0 } });
  const server = await tcpServer((socket) => socket.resume());
  const destination = { protocol: 'tcp', host: '127.0.0.1', port: server.port } as const;
  const clients = await Promise.all([1, 2, 3].map((cseq) => layers.transactions.send(ourRequest('OPTIONS', cseq), destination)));
  expect(new Set(clients.map(({ flow }) => flow.id)).size).toBe(1);
  const failures: string[] = [];
  for (const client of clients) client.onFailed((reason) => failures.push(reason));
  await until(() => server.sockets.length === 1);
  server.sockets[0]?.destroy();
  await until(() => failures.length === 3);
  expect(failures).toEqual(['transport', 'transport', 'transport']);
  expect(layers.closedFlows).toHaveLength(1);
  expect(layers.transactions.counts.client).toBe(0);
  await expect(layers.transports.flowTo({ ...destination, flow: clients[0]?.flow.id ?? '' })).rejects.toMatchObject({ code: 'gone' });
});

test('RFC 3261 18.2.2: the response to a request whose connection has ended goes by a new one to the port of its Via', async () => {
  const layers = await layersWith({ ports: { tcp: 0 } });
  let heard = '';
  const server = await tcpServer((socket) => socket.on('data', (chunk) => (heard += chunk.toString())));
  const peer = await peerOf(layers, 'tcp');
  peer.send(requestText(peer, 'OPTIONS').replace(`${peer.host}:${peer.port};`, `${peer.host}:${server.port};`));
  const transaction = await until(() => layers.requests[0]);
  peer.destroy();
  await until(() => transaction.flow.isClosed);
  transaction.respond(createResponse(transaction.request, 200, { toTag: 'ours' }));
  await until(() => heard.includes('SIP/2.0 200 OK'));
});

test('RFC 3261 18.4: nobody listens there, no such name, no such transport: each is told apart', async () => {
  const layers = await layersWith({ ports: { tcp: 0 }, limits: { connectMs: 2_000 } });
  const server = await tcpServer(() => undefined);
  open.splice(open.length - 1, 1)[0]?.close();
  const to = (protocol: Protocol, host: string): Promise<unknown> => layers.transports.flowTo({ protocol, host, port: server.port });
  await expect(to('tcp', '127.0.0.1')).rejects.toMatchObject({ code: 'refused' });
  await expect(to('tcp', 'nowhere.invalid')).rejects.toMatchObject({ code: 'dns' });
  await expect(to('tls', '127.0.0.1')).rejects.toMatchObject({ code: 'unsupported' });
  await expect(to('ws', '127.0.0.1')).rejects.toMatchObject({ code: 'unsupported' });
  await expect(to('udp', '127.0.0.1')).rejects.toMatchObject({ code: 'unsupported' });
});

test('Safety: the edge does not connect to itself, whatever a Via says', async () => {
  const layers = await layersWith({ host: '0.0.0.0', ports: { udp: 0, tcp: 0 } });
  const peer = await peerOf(layers, 'tcp');
  peer.send(requestText(peer, 'OPTIONS').replace(`${peer.host}:${peer.port};`, `${peer.host}:${layers.port('tcp')};`));
  const transaction = await until(() => layers.requests[0]);
  peer.destroy();
  await until(() => transaction.flow.isClosed);
  transaction.respond(createResponse(transaction.request, 200, { toTag: 'ours' }));
  for (const protocol of ['udp', 'tcp'] as const) {
    const itself = layers.transports.flowTo({ protocol, host: 'localhost', port: layers.port(protocol) });
    await expect(itself).rejects.toMatchObject({ code: 'refused' });
  }
  expect(layers.transports.connectionCount).toBe(0);
});

test('Safety: a far end that does not read is cut off at its limit', async () => {
  const layers = await layersWith({ ports: { tcp: 0 }, limits: { unsentBytes: 200_000 } });
  const server = await tcpServer((socket) => socket.pause());
  const flow = await layers.transports.flowTo({ protocol: 'tcp', host: '127.0.0.1', port: server.port });
  const bytes = Buffer.alloc(50_000, 'x');
  const sent: Promise<unknown>[] = [];
  while (!flow.isClosed) sent.push(flow.send(bytes).catch((error: { code: string }) => error.code));
  expect(await Promise.all(sent)).toContain('full');
  await until(() => layers.closedFlows.includes(flow));
});

test('Safety: a far end that takes nothing for long is cut off below its limit, one that reads stays', async () => {
  const layers = await layersWith({ ports: { tcp: 0 }, limits: { unsentBytes: 64_000_000, stalledMs: 500 } });
  const [stuck, reading] = [await tcpServer((socket) => socket.pause()), await tcpServer((socket) => socket.resume())];
  const flows = await Promise.all(
    [stuck, reading].map(({ port }) => layers.transports.flowTo({ protocol: 'tcp', host: '127.0.0.1', port })),
  );
  for (const [index, bytes] of [30_000_000, 10_000].entries()) flows[index]?.send(Buffer.alloc(bytes, 'x')).catch(() => undefined);
  await until(() => flows[0]?.isClosed);
  expect(flows[1]?.isClosed).toBe(false);
});

test('Safety: a connection that says nothing, or never ends its message, is closed; one that speaks stays', async () => {
  const layers = await layersWith({ ports: { tcp: 0 }, limits: { firstMessageMs: 300, partialMs: 300 } });
  const [silent, halting, speaking] = await Promise.all([peerOf(layers, 'tcp'), peerOf(layers, 'tcp'), peerOf(layers, 'tcp')]);
  speaking.send(requestText(speaking, 'OPTIONS'));
  halting.send(requestText(halting, 'OPTIONS'));
  halting.send('OPTIONS sip:never-ends');
  await until(() => silent.isClosed && halting.isClosed);
  expect(speaking.isClosed).toBe(false);
});

test('Safety: a source holds so many connections and no more; when one ends there is room again', async () => {
  const layers = await layersWith({ ports: { tcp: 0, ws: 0 }, limits: { perSource: 3 } });
  const kept = await Promise.all([peerOf(layers, 'tcp'), peerOf(layers, 'tcp'), peerOf(layers, 'tcp')]);
  await until(() => layers.transports.connectionCount === 3);
  const fourth = await peerOf(layers, 'tcp');
  await until(() => fourth.isClosed);
  await expect(peerOf(layers, 'ws')).rejects.toThrow('socket hang up');
  kept[0]?.close();
  await until(() => layers.transports.connectionCount === 2);
  const next = await peerOf(layers, 'tcp');
  next.send(requestText(next, 'OPTIONS'));
  await until(() => layers.requests.length === 1);
});

test('Safety: handshakes that are not over count too, and give their place back', async () => {
  const layers = await layersWith({ ports: { tls: 0, ws: 0 }, tls: { cert: TEST_CERT, key: TEST_KEY }, limits: { perSource: 2 } });
  const [first, second] = [await rawSocket(layers.port('tls')), await rawSocket(layers.port('wss'))];
  const third = await rawSocket(layers.port('tls'));
  await until(() => third.destroyed);
  await expect(peerOf(layers, 'wss')).rejects.toThrow();
  first.destroy();
  second.destroy();
  const peers = await until(async () => Promise.all([peerOf(layers, 'tls'), peerOf(layers, 'wss')]).catch(() => undefined));
  await until(() => layers.transports.connectionCount === 2);
  for (const peer of peers) peer.close();
  await until(() => layers.transports.connectionCount === 0);
});

test('RFC 7118 4.1: only the subprotocol sip is taken; a keep-alive is answered; a frame that is too long ends the connection', async () => {
  const layers = await layersWith({ ports: { ws: 0 } });
  const address = `ws://127.0.0.1:${layers.port('ws')}`;
  const refused = new WebSocket(address, 'chat');
  await expect(new Promise((_, reject) => refused.on('error', reject))).rejects.toThrow('401');
  expect((await fetch(address.replace('ws:', 'http:'))).status).toBe(426);
  const peer = await peerOf(layers, 'ws');
  peer.send('\r\n\r\n');
  await until(() => peer.strange.includes('\r\n'));
  peer.send('no SIP');
  peer.send(requestText(peer, 'OPTIONS').replace(/Content-Length: 0\r\n/, ''));
  await until(() => layers.requests.length === 1);
  peer.send('x'.repeat(200_000));
  await until(() => peer.isClosed && layers.closedFlows.length === 1);
});

test('RFC 5118: over IPv6, UDP and TCP, and IPv4 on the same socket', async () => {
  const layers = await layersWith({ host: '::', ports: { udp: 0, tcp: 0 } });
  answerAll(layers);
  for (const [protocol, host] of [
    ['udp', '::1'],
    ['tcp', '::1'],
    ['udp', '127.0.0.1'],
    ['tcp', '127.0.0.1'],
  ] as const) {
    const peer = await peerOf(layers, protocol, host);
    peer.send(requestText(peer, 'OPTIONS'));
    expect((await peer.response(200)).headers.get('via')).toContain(`;received=${host}`);
    const { flow } = layers.requests.at(-1) as (typeof layers.requests)[number];
    expect(flow).toMatchObject({ remote: { host, port: peer.port }, local: { host }, advertised: { host } });
    await layers.transactions.send(ourRequest('INFO'), { protocol, host, port: peer.port });
    expect((await peer.request('INFO')).headers.get('via')).toContain(host === '::1' ? ' [::1]:' : ' 127.0.0.1:');
  }
});

test('RFC 3263 and TLS: a certificate of another name is refused, that of the name asked for is taken', async () => {
  const certificate = { cert: TEST_CERT, key: TEST_KEY };
  const far = await layersWith({ ports: { tls: 0 }, tls: certificate });
  const near = await layersWith({ ports: { tls: 0 }, tls: { ...certificate, ca: certificate.cert } });
  const stranger = await layersWith({ ports: { tls: 0 }, tls: certificate });
  const port = far.port('tls');
  const flow = await near.transports.flowTo({ protocol: 'tls', host: 'localhost', port });
  await flow.send(writeMessage(ourRequest('OPTIONS')));
  await expect(stranger.transports.flowTo({ protocol: 'tls', host: 'localhost', port })).rejects.toMatchObject({ code: 'refused' });
  expect(await near.transports.flowTo({ protocol: 'tls', host: 'localhost', port })).toBe(flow);
});

test('closing: no connection and no port is left', async () => {
  const layers = await openLayers({ ports: { udp: 0, tcp: 0, ws: 0 } });
  const tcp = await peerOf(layers, 'tcp');
  const ws = await peerOf(layers, 'ws');
  tcp.send(requestText(tcp, 'INVITE'));
  await until(() => layers.requests.length === 1);
  const ended: string[] = [];
  layers.requests[0]?.onEnded((reason) => ended.push(reason));
  await layers.close();
  await until(() => tcp.isClosed && ws.isClosed);
  expect(ended).toEqual(['transport']);
  expect(layers.transports.connectionCount).toBe(0);
  expect(layers.transactions.counts).toEqual({ server: 0, client: 0 });
  await expect(layers.transports.flowTo({ protocol: 'udp', host: '127.0.0.1', port: 5060 })).rejects.toMatchObject({ code: 'gone' });
});
