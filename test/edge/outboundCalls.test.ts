/** Calls that applications make: what the edge does by itself (WIRE §7.2, §7.3), lost and late answers, forks, and the ways to a far end. */
import { connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { SipRequest } from '../../sip/edge/message.ts';
import { parseDatagram } from '../../sip/edge/messageParse.ts';
import { createResponse, writeMessage } from '../../sip/edge/messageWrite.ts';
import { until } from '../support/services.ts';
import { startTestEdge, type TestEdge } from './support/edges.ts';
import { ManualClock } from './support/manualClock.ts';
import { SDP, SipPeer } from './support/sipPeer.ts';
import type { AppDialog, AppMessage, SentRequest, TestSrf, UacOptions } from './support/srf.ts';

interface Scene {
  readonly clock: ManualClock;
  readonly edge: TestEdge;
  readonly srf: TestSrf;
  readonly peer: SipPeer;
}

async function scene(): Promise<Scene> {
  const clock = new ManualClock();
  const edge = await startTestEdge({ clock });
  return { clock, edge, srf: await edge.connect(), peer: await SipPeer.open(edge) };
}

interface Call {
  readonly outcome: Promise<AppDialog | number>;
  readonly provisional: number[];
  readonly sent: () => Promise<SentRequest>;
}

/** Calls the peer; the outcome is a dialog or the status of the refusal. */
function call({ srf, peer }: Scene, options: UacOptions = {}): Call {
  const provisional: number[] = [];
  let sent: SentRequest | undefined;
  const outcome = srf
    .createUAC(
      `sip:bob@127.0.0.1:${peer.port}`,
      { localSdp: SDP, ...options },
      {
        cbRequest: (_error, request) => {
          sent = request;
        },
        cbProvisional: (response) => provisional.push(response.status),
      },
    )
    .catch((error: { status?: number; message: string }) => error.status ?? Promise.reject(new Error(error.message)));
  return { outcome, provisional, sent: () => until(() => sent) };
}

test('RFC 3261 13.2.2.4: a 200 that comes again is acknowledged again; the application hears of one', async () => {
  const now = await scene();
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  now.peer.reply(invite, 180, { tag: 'a' });
  const answer = now.peer.reply(invite, 200, { tag: 'a', body: SDP });
  await now.peer.request('ACK');
  now.peer.send(answer);
  const again = await now.peer.request('ACK');
  expect(again.headers.get('cseq')).toBe(invite.headers.get('cseq')?.replace('INVITE', 'ACK'));
  const dialog = await made.outcome;
  expect((dialog as AppDialog).sip.remoteTag).toBe('a');
  expect(made.provisional).toEqual([180]);
  expect(now.edge.figures.dialogs).toBe(1);
});

test('RFC 3261 17.1.1.2: an INVITE is repeated at T1, doubling, and without an answer fails with 408 after 64*T1', async () => {
  const now = await scene();
  const made = call(now);
  await now.peer.request('INVITE');
  now.clock.advance(500);
  await until(() => now.peer.count('INVITE') === 2);
  now.clock.advance(31_500);
  expect(await made.outcome).toBe(408);
  await until(() => now.edge.figures.outgoing === 0 && now.edge.figures.dialogs === 0);
});

test('WIRE 7.3: a name without an address fails with 503 DNS Error', async () => {
  const now = await scene();
  const request = await now.srf.request('sip:bob@nowhere.invalid', { method: 'OPTIONS' });
  const answered = new Promise<AppMessage & { reason: string }>((resolve) => request.on('response', resolve));
  now.clock.advance(100);
  const response = await answered;
  expect([response.status, response.reason]).toEqual([503, 'DNS Error']);
});

test('RFC 3261 9.1: CANCEL waits for the first provisional response, and the 487 is told', async () => {
  const now = await scene();
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  (await made.sent()).cancel();
  expect(now.peer.count('CANCEL')).toBe(0);
  now.peer.reply(invite, 180, { tag: 'a' });
  const cancel = await now.peer.request('CANCEL');
  expect(cancel.headers.list('via')[0]).toBe(invite.headers.list('via')[0]);
  now.peer.reply(cancel, 200, { tag: 'a' });
  now.peer.reply(invite, 487, { tag: 'a' });
  await now.peer.request('ACK');
  expect(await made.outcome).toBe(487);
  await until(() => now.edge.figures.dialogs === 0);
});

test('CANCEL against 200: the 200 wins, it is acknowledged, and the edge hangs up and says so', async () => {
  const now = await scene();
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  now.peer.reply(invite, 180, { tag: 'a' });
  await until(() => made.provisional.length === 1);
  (await made.sent()).cancel();
  now.peer.reply(await now.peer.request('CANCEL'), 200, { tag: 'a' });
  now.peer.reply(invite, 200, { tag: 'a', body: SDP });
  const dialog = (await made.outcome) as AppDialog;
  const reasons: string[] = [];
  dialog.on('destroy', (_bye: AppMessage, reason: string) => reasons.push(reason));
  await now.peer.request('ACK');
  const bye = await now.peer.request('BYE');
  expect(bye.headers.get('reason')).toContain('ACK-BYE');
  now.peer.reply(bye, 200);
  await until(() => now.edge.figures.dialogs === 0);
  expect(reasons).toEqual(['ACK-BYE due to cancel race condition']);
});

test('RFC 3261 13.2.2.4: of two forks that answer, the second is acknowledged and hung up; early dialogs stand side by side', async () => {
  const now = await scene();
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  now.peer.reply(invite, 180, { tag: 'a' });
  now.peer.reply(invite, 180, { tag: 'b' });
  await until(() => now.edge.figures.dialogs === 2);
  now.peer.reply(invite, 200, { tag: 'a', body: SDP });
  const first = await now.peer.request('ACK');
  expect(first.headers.get('to')).toContain('tag=a');
  now.peer.reply(invite, 200, { tag: 'b', body: SDP });
  const second = await now.peer.request('ACK');
  expect(second.headers.get('to')).toContain('tag=b');
  const bye = await now.peer.request('BYE');
  expect(bye.headers.get('to')).toContain('tag=b');
  now.peer.reply(bye, 200);
  await until(() => now.edge.figures.dialogs === 1);
  expect(((await made.outcome) as AppDialog).sip.remoteTag).toBe('a');
});

test('RFC 3261 16.3: a call of ours that the network sends back to us is refused with 482, before and after it rings', async () => {
  const now = await scene();
  now.srf.invite((_req, res) => res.send(200, { body: SDP }));
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  const back = (): SipRequest => {
    const looped = { ...invite, headers: invite.headers.clone() };
    looped.headers.prepend('Via', now.peer.via());
    return looped;
  };
  now.peer.send(back());
  await now.peer.response(482, 'INVITE');
  now.peer.reply(invite, 180, { tag: 'a' });
  await until(() => made.provisional.includes(180));
  now.peer.send(back());
  await now.peer.response(482, 'INVITE');
  now.peer.reply(invite, 200, { tag: 'a', body: SDP });
  expect(((await made.outcome) as AppDialog).sip.remoteTag).toBe('a');
});

test('Safety: a far end that rings under ever new names makes so many dialogs and no more, and may answer under any', async () => {
  const now = await scene();
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  for (let fork = 0; fork < 40; fork++) now.peer.reply(invite, 180, { tag: `f${fork}` });
  await until(() => made.provisional.length === 40);
  expect(now.edge.figures.dialogs).toBe(32);
  now.peer.reply(invite, 200, { tag: 'f39', body: SDP });
  expect(((await made.outcome) as AppDialog).sip.remoteTag).toBe('f39');
  expect(now.edge.figures.dialogs).toBe(1);
});

test('RFC 3262 4: a reliable response is told once, in its order, and gets one PRACK', async () => {
  const now = await scene();
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  const reliable = (status: number, rseq: number) =>
    now.peer.reply(invite, status, {
      tag: 'a',
      lines: [
        ['Require', '100rel'],
        ['RSeq', String(rseq)],
      ],
    });
  const first = reliable(180, 7);
  const prack = await now.peer.request('PRACK');
  expect(prack.headers.get('rack')).toBe(`7 ${invite.headers.get('cseq')}`);
  now.peer.reply(prack, 200);
  now.peer.send(first);
  reliable(183, 9);
  reliable(183, 8);
  now.peer.reply(await now.peer.request('PRACK'), 200);
  await until(() => made.provisional.length === 2);
  expect(made.provisional).toEqual([180, 183]);
  expect(now.peer.count('PRACK')).toBe(2);
  now.peer.reply(invite, 486, { tag: 'a' });
  expect(await made.outcome).toBe(486);
});

test('WIRE 7.2: with no Record-Route requests go to where the answer came from, whatever its Contact says', async () => {
  const now = await scene();
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  now.peer.reply(invite, 200, { tag: 'a', body: SDP, contact: '<sip:bob@192.0.2.7:9>' });
  const ack = await now.peer.request('ACK');
  expect(ack.uri).toBe('sip:bob@192.0.2.7:9');
  void ((await made.outcome) as AppDialog).destroy();
  const bye = await now.peer.request('BYE');
  expect(bye.uri).toBe('sip:bob@192.0.2.7:9');
  now.peer.reply(bye, 200);
});

test('RFC 3261 12.1.2, 12.2.1.1: the route set is the reversed Record-Route, and a strict router gets the Request-URI', async () => {
  const now = await scene();
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  const near = `<sip:127.0.0.1:${now.peer.port};lr>`;
  now.peer.reply(invite, 200, {
    tag: 'a',
    body: SDP,
    contact: '<sip:bob@192.0.2.7>',
    lines: [
      ['Record-Route', '<sip:192.0.2.8;lr>'],
      ['Record-Route', near],
    ],
  });
  const ack = await now.peer.request('ACK');
  expect([ack.uri, ...ack.headers.list('route')]).toEqual(['sip:bob@192.0.2.7', near, '<sip:192.0.2.8;lr>']);
  await made.outcome;
  const strict = call(now);
  const second = await now.peer.request('INVITE');
  now.peer.reply(second, 200, {
    tag: 'b',
    body: SDP,
    contact: '<sip:bob@192.0.2.7>',
    lines: [['Record-Route', `<sip:127.0.0.1:${now.peer.port}>`]],
  });
  const routed = await now.peer.request('ACK');
  expect([routed.uri, ...routed.headers.list('route')]).toEqual([`sip:127.0.0.1:${now.peer.port}`, '<sip:bob@192.0.2.7>']);
  await strict.outcome;
});

test('RFC 3261 12.2.1.2: a re-INVITE moves the target; 481 to it ends the call, and the application is told', async () => {
  const now = await scene();
  const made = call(now);
  const invite = await now.peer.request('INVITE');
  now.peer.reply(invite, 200, { tag: 'a', body: SDP });
  const dialog = (await made.outcome) as AppDialog;
  await now.peer.request('ACK');
  const modified = dialog.modify(SDP.replace('15000', '15004'));
  const reinvite = await now.peer.request('INVITE');
  expect(reinvite.headers.get('contact')).toBe(invite.headers.get('contact'));
  now.peer.reply(reinvite, 200, { body: SDP, contact: `<sip:moved@127.0.0.1:${now.peer.port}>` });
  await modified;
  expect((await now.peer.request('ACK')).uri).toBe(`sip:moved@127.0.0.1:${now.peer.port}`);
  const reasons: string[] = [];
  dialog.on('destroy', (_bye: AppMessage, reason: string) => reasons.push(reason));
  const failed = dialog.modify(SDP).catch((error: { status: number }) => error.status);
  now.peer.reply(await now.peer.request('INVITE'), 481);
  expect(await failed).toBe(481);
  now.peer.reply(await now.peer.request('BYE'), 481);
  await until(() => reasons.length === 1 && now.edge.figures.dialogs === 0);
});

test('what an application does not acknowledge is acknowledged and hung up for it', async () => {
  const now = await scene();
  const request = await now.srf.request(`sip:bob@127.0.0.1:${now.peer.port}`, { method: 'INVITE', body: SDP });
  const heard: AppMessage[] = [];
  request.on('response', (response: AppMessage) => heard.push(response));
  const invite = await now.peer.request('INVITE');
  now.peer.reply(invite, 200, { tag: 'a', body: SDP });
  await until(() => heard.length === 1);
  expect(now.peer.count('ACK')).toBe(0);
  now.clock.advance(32_000);
  await now.peer.request('ACK');
  now.peer.reply(await now.peer.request('BYE'), 200);
  await until(() => now.edge.figures.dialogs === 0);
});

test('WIRE 4: From, To and Contact as the application says them, with our address for localhost and a tag', async () => {
  const now = await scene();
  const made = call(now, { callingNumber: '5551212', headers: { 'x-app': '1', To: 'sip:other@example.com;transport=tcp' } });
  const invite = await now.peer.request('INVITE');
  expect(invite.headers.get('from')).toMatch(new RegExp(`^<sip:5551212@127\\.0\\.0\\.1:${now.edge.sipPort}>;tag=`));
  expect(invite.headers.get('contact')).toBe(`<sip:5551212@127.0.0.1:${now.edge.sipPort}>`);
  expect(invite.headers.get('to')).toBe('<sip:other@example.com;transport=tcp>');
  expect(invite.headers.get('x-app')).toBe('1');
  now.peer.reply(invite, 603, { tag: 'a' });
  expect(await made.outcome).toBe(603);
});

test('WIRE 5: what cannot be sent is refused with the reason', async () => {
  const now = await scene();
  const tried = async (uri: string, options: UacOptions & { method: string }): Promise<string> =>
    now.srf.request(uri, options).then(
      () => 'sent',
      (error: Error) => error.message,
    );
  expect(await tried(`sip:me@127.0.0.1:${now.edge.sipPort}`, { method: 'OPTIONS' })).toBe('can not send request to myself');
  expect(await tried(`sip:bob@127.0.0.1:${now.peer.port}`, { method: 'MESSAGE', body: 'hello' })).toBe('missing content-type');
  expect(await tried('http://example.com', { method: 'OPTIONS' })).toBe('invalid request-uri: OPTIONS http://example.com SIP/2.0');
  expect(await tried('sip:bob@127.0.0.1:9;transport=sctp', { method: 'OPTIONS' })).toBe(
    'invalid request-uri: OPTIONS sip:bob@127.0.0.1:9;transport=sctp SIP/2.0',
  );
  expect(await tried('sip:bob@127.0.0.1:9;transport=ws', { method: 'OPTIONS' })).toBe('requested protocol/transport not available');
});

test('RFC 5626: a phone that registered over TCP is called on its own connection, by the next hop that the application names', async () => {
  const now = await scene();
  const at: { address: string; port: number }[] = [];
  now.srf.register((req, res) => {
    at.push({ address: req.source_address, port: req.source_port });
    res.send(200);
  });
  const phone = await TcpPhone.open(now.edge.tcpPort);
  phone.send(
    'REGISTER sip:x SIP/2.0\r\nVia: SIP/2.0/TCP abc.invalid;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:a@x>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@abc.invalid;transport=tcp>\r\nContent-Length: 0\r\n\r\n',
  );
  await until(() => at.length === 1);
  const { address, port } = at[0] as { address: string; port: number };
  const uri = 'sip:a@abc.invalid;transport=tcp';
  const made = now.srf.createUAC(uri, { localSdp: SDP, proxy: `sip:${address}:${port};transport=tcp` });
  const invite = await phone.request('INVITE');
  expect(invite.uri).toBe(uri);
  expect(invite.headers.get('contact')).toBe(`<sip:127.0.0.1:${now.edge.tcpPort};transport=tcp>`);
  const answer = createResponse(invite, 200, { toTag: 'p' });
  answer.headers.set('Contact', `<${uri}>`);
  phone.send(writeMessage(answer));
  const dialog = await made;
  await phone.request('ACK');
  void dialog.destroy();
  const bye = await phone.request('BYE');
  phone.send(writeMessage(createResponse(bye, 200)));
  await until(() => now.edge.figures.dialogs === 0);
  phone.close();
});

test('a call goes out over a TCP connection of ours', async () => {
  const now = await scene();
  const accepted: TcpPhone[] = [];
  const server = createServer((socket) => accepted.push(new TcpPhone(socket)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  const made = now.srf
    .createUAC(`sip:bob@127.0.0.1:${port};transport=tcp`, { localSdp: SDP })
    .catch((error: { status: number }) => error.status);
  const phone = (await until(() => accepted[0])) as TcpPhone;
  const invite = await phone.request('INVITE');
  expect(invite.headers.list('via')[0]).toContain('SIP/2.0/TCP');
  phone.send(writeMessage(createResponse(invite, 486, { toTag: 'b' })));
  expect(await made).toBe(486);
  phone.close();
});

/** A phone on a TCP connection; messages without or with a body that comes in one piece. */
class TcpPhone {
  readonly #socket: Socket;
  readonly #received: SipRequest[] = [];
  #rest = Buffer.alloc(0);

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      this.#rest = Buffer.concat([this.#rest, chunk]);
      for (let end = this.#end(); end > 0; end = this.#end()) {
        const parsed = parseDatagram(this.#rest.subarray(0, end));
        this.#rest = this.#rest.subarray(end);
        if (parsed.outcome === 'message' && parsed.message.kind === 'request') this.#received.push(parsed.message);
      }
    });
  }

  static async open(port: number): Promise<TcpPhone> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    return new TcpPhone(socket);
  }

  send(message: string | Buffer): void {
    this.#socket.write(message);
  }

  async request(method: string): Promise<SipRequest> {
    return until(() => this.#received.find((request) => request.method === method), { what: method });
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(): number {
    const head = this.#rest.indexOf('\r\n\r\n');
    const length = Number(/content-length: *(\d+)/i.exec(this.#rest.toString('latin1'))?.[1] ?? 0);
    const end = head + 4 + length;
    return head < 0 || this.#rest.length < end ? 0 : end;
  }
}
