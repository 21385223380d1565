/** The wire as a stranger or a broken application may use it: frames, commands, limits (WIRE §1, §2), and bad input by seed. */
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parseCommand } from '../../sip/edge/wireCommand.ts';
import { FrameError, FrameReader, frame } from '../../sip/edge/wireFrame.ts';
import { until } from '../support/services.ts';
import { SECRET, startTestEdge, type TestEdge } from './support/edges.ts';
import { ManualClock } from './support/manualClock.ts';
import { SDP, SipPeer } from './support/sipPeer.ts';

// Thousands of random payloads, on a machine that others use too: the limit only ends what hangs.
vi.setConfig({ testTimeout: 120_000 });

class RawApplication {
  /** Meta lines and texts of what came. */
  readonly received: string[] = [];
  isClosed = false;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    const reader = new FrameReader();
    this.#socket = socket;
    socket.on('data', (chunk) => this.received.push(...reader.read(chunk).map((payload) => payload.toString())));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.isClosed = true;
    });
  }

  static async open(edge: TestEdge): Promise<RawApplication> {
    const socket = connect(edge.wirePort, '127.0.0.1');
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    onTestFinished(() => void socket.destroy());
    return new RawApplication(socket);
  }

  static async known(edge: TestEdge): Promise<RawApplication> {
    const raw = await RawApplication.open(edge);
    raw.say(`1|authenticate|${SECRET}|`);
    await raw.answer('1');
    return raw;
  }

  say(meta: string, sip?: string): void {
    this.#socket.write(frame(meta, sip === undefined ? undefined : Buffer.from(sip)));
  }

  bytes(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** Fields of the response to a command. */
  async answer(id: string): Promise<string[]> {
    const payload = await until(() => this.received.find((one) => one.split('|')[1] === 'response' && one.split('|')[2] === id), {
      what: id,
    });
    return (payload.split('\r')[0] as string).split('|').slice(3);
  }
}

test('WIRE 1: frames may be split anywhere, share a segment, and count bytes', () => {
  const sip = Buffer.from('INVITE sip:π@x SIP/2.0\r\n\r\n');
  const all = Buffer.concat([frame('1|ping'), frame('2|sip||', sip), frame('3|ping')]);
  for (let size = 1; size <= all.length; size++) {
    const reader = new FrameReader();
    const payloads: string[] = [];
    for (let at = 0; at < all.length; at += size) payloads.push(...reader.read(all.subarray(at, at + size)).map(String));
    expect(payloads).toEqual(['1|ping', `2|sip||\r\n${sip}`, '3|ping']);
  }
});

test('WIRE 1: six digits, none, or what is no number break the connection', () => {
  for (const bad of ['100000#', '#x', '0#', 'abc#', '-1#x', ' 5#hello', '5 #hello'])
    expect(() => new FrameReader().read(Buffer.from(bad)), bad).toThrow(FrameError);
  expect(new FrameReader().read(Buffer.from('99999'))).toEqual([]);
});

test('WIRE 2: nothing is done for a connection that is not authenticated', async () => {
  const edge = await startTestEdge();
  for (const command of [
    '7|route|invite',
    '7|ping',
    '7|sip||\r\nOPTIONS sip:a@127.0.0.1:9 SIP/2.0\r\n\r\n',
    '7|proxy|x||||serial|||sip:a',
  ]) {
    const raw = await RawApplication.open(edge);
    raw.say(command);
    expect(await raw.answer('7')).toEqual(['NO', 'not authenticated']);
    await until(() => raw.isClosed);
  }
  const raw = await RawApplication.open(edge);
  raw.say('8|authenticate|guessed|');
  expect(await raw.answer('8')).toEqual(['NO', 'incorrect secret']);
  await until(() => raw.isClosed);
  expect(edge.figures.requestsOut).toBe(0);
});

test('a connection that says nothing is closed after 5 s', async () => {
  const clock = new ManualClock();
  const edge = await startTestEdge({ clock });
  const raw = await RawApplication.open(edge);
  raw.bytes('1');
  await until(() => {
    clock.advance(1_000);
    return raw.isClosed;
  });
});

test('WIRE 2: authenticate tells sockets and version; route, remove_route and ping are answered', async () => {
  const edge = await startTestEdge();
  const raw = await RawApplication.open(edge);
  raw.say(`1|authenticate|${SECRET}|tagA,tagB`);
  const [verdict, advertised, version, local] = await raw.answer('1');
  expect([verdict, advertised]).toEqual(['OK', local]);
  expect(advertised).toContain(`udp/127.0.0.1:${edge.sipPort}`);
  expect(version).toMatch(/^v\d+\.\d+\.\d+/);
  for (const [id, command] of Object.entries({
    a: 'route|invite',
    b: 'route|invite',
    c: 'route|info',
    d: 'remove_route|invite',
    e: 'ping',
    f: 'route|cdr:start',
  })) {
    raw.say(`${id}|${command}`);
    expect((await raw.answer(id))[0]).toBe('OK');
  }
  const peer = await SipPeer.open(edge);
  peer.send(peer.newRequest('INFO'));
  await until(() => raw.received.some((one) => one.includes('|sip|network|')));
  const told = raw.received.find((one) => one.includes('|sip|network|')) as string;
  // Only the route that was taken back is gone.
  expect(told).toMatch(
    new RegExp(
      `^[0-9a-f-]{36}\\|sip\\|network\\|\\d+\\|udp\\|127\\.0\\.0\\.1\\|${peer.port}\\|\\d\\d:\\d\\d:\\d\\d\\.\\d{6}\\|[0-9a-f-]{36}\\|\\|127\\.0\\.0\\.1\\|${edge.sipPort}\\|\r\nINFO `,
    ),
  );
  peer.invite();
  await peer.response(503, 'INVITE');
});

test('WIRE 2: a command without its arguments is refused and closes the connection, nothing else', async () => {
  const edge = await startTestEdge();
  for (const bad of ['route', 'route|', 'route|../x', 'remove_route', 'sip', 'sip|x y|', 'sip||', 'proxy|x', 'nonsense', '']) {
    const raw = await RawApplication.known(edge);
    raw.say(`9|${bad}`);
    expect((await raw.answer('9'))[0], bad).toBe('NO');
    await until(() => raw.isClosed);
  }
  const raw = await RawApplication.known(edge);
  raw.say('2|ping');
  expect(await raw.answer('2')).toEqual(['OK', 'pong']);
});

test('WIRE 5: refusals of commands keep the connection', async () => {
  const edge = await startTestEdge();
  const raw = await RawApplication.known(edge);
  const dialogGone = 'Server error: unable to find dialog for dialog id provided';
  const cases: [string, string, string][] = [
    ['sip|no-such-transaction|', 'SIP/2.0 200 OK\r\n\r\n', 'Response not sent due to unknown transaction'],
    ['sip||no;from-tag=x', 'BYE sip:placeholder SIP/2.0\r\n\r\n', dialogGone],
    [
      'sip||no;from-tag=x',
      'ACK sip:a SIP/2.0\r\n\r\n',
      'Server error: ACK for non-success final response is automatically generated by server',
    ],
    ['sip|0b|', 'CANCEL sip:a SIP/2.0\r\n\r\n', 'unable to cancel unknown transaction id: 0b'],
    ['sip||', 'INVITE SIP/2.0\r\n\r\n', 'invalid request-uri: INVITE SIP/2.0'],
    ['sip||', 'garbage\r\n\r\n', 'invalid request-uri: garbage'],
    ['proxy|nobody||||serial|||sip:a@127.0.0.1', 'INVITE sip:a SIP/2.0\r\n\r\n', 'Response not sent due to unknown transaction'],
  ];
  for (const [index, [meta, sip, reason]] of cases.entries()) {
    raw.say(`c${index}|${meta}`, sip);
    expect(await raw.answer(`c${index}`)).toEqual(['NOK', reason]);
  }
  expect(raw.isClosed).toBe(false);
});

test('header lines of an application cannot break a message apart', async () => {
  const edge = await startTestEdge();
  const raw = await RawApplication.known(edge);
  const peer = await SipPeer.open(edge);
  const sip = `OPTIONS sip:a@127.0.0.1:${peer.port} SIP/2.0\r\nX-Bad: a\rVia: SIP/2.0/UDP evil\r\nno header here\r\nbad name: x\r\nVia: SIP/2.0/UDP evil\r\nContent-Length: 999\r\nX-Good: 1\r\n\r\n`;
  raw.say('1|ping');
  raw.say('o|sip||', sip);
  const request = await peer.request('OPTIONS');
  expect(request.headers.list('via')).toHaveLength(1);
  expect(request.headers.get('x-good')).toBe('1');
  expect(request.headers.get('x-bad')).toBeUndefined();
  expect(request.headers.get('content-length')).toBe('0');
});

test('fuzz: whatever a payload holds, it becomes a command or a refusal', () => {
  const word = fc.oneof(
    fc.constantFrom('sip', 'route', 'proxy', 'authenticate', 'ping', '|', '\r\n', '\r', '', 'serial', '2s', ';from-tag='),
    fc.string(),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 14 }), fc.constantFrom('|', '', '||'), (words, glue) => {
      const command = parseCommand(Buffer.from(words.join(glue)));
      expect(['authenticate', 'route', 'remove_route', 'ping', 'sip', 'proxy', 'refused']).toContain(command.verb);
    }),
    { numRuns: 500 },
  );
});

test('fuzz: an authenticated application that talks nonsense hurts nobody else', { timeout: 60_000 }, async () => {
  const edge = await startTestEdge();
  const srf = await edge.connect();
  srf.invite((_req, res) => res.send(486));
  const peer = await SipPeer.open(edge);
  const start = fc.constantFrom(
    'INVITE sip:a@127.0.0.1:9 SIP/2.0',
    'SIP/2.0 200 OK',
    'ACK sip:x SIP/2.0',
    'CANCEL sip:x SIP/2.0',
    'BYE sip:placeholder SIP/2.0',
    'X',
    '',
  );
  const line = fc.oneof(
    fc.constantFrom(
      'To: <sip:a>;tag=',
      'From: ;;;',
      'CSeq: 99999999999 X',
      'Call-ID:',
      'Contact: <',
      'Require: 100rel',
      'Session-Expires: x',
      'Content-Type: a/b',
    ),
    fc.string({ maxLength: 60 }),
  );
  const meta = fc.tuple(
    fc.constantFrom('sip', 'proxy', 'route'),
    fc.array(fc.oneof(fc.constantFrom('', 'abc', 'sip:a@127.0.0.1:9', 'serial', 'x;from-tag=y'), fc.string({ maxLength: 10 })), {
      maxLength: 8,
    }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(meta, start, fc.array(line, { maxLength: 6 }), fc.string({ maxLength: 40 })), { minLength: 1, maxLength: 6 }),
      async (commands) => {
        const raw = await RawApplication.known(edge);
        for (const [index, [[verb, fields], first, lines, body]] of commands.entries())
          raw.say(`f${index}|${verb}|${fields.join('|')}`.replaceAll(/[\r\n]/g, ' '), `${first}\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
        raw.bytes(Buffer.from([0x39, 0x23, 0xff, 0x00, 0x7c]));
        raw.say('z|ping');
        await until(() => raw.isClosed || raw.received.length > 1);
      },
    ),
    { numRuns: 40 },
  );
  const invite = peer.invite({ body: SDP });
  peer.ackFailure(invite, await peer.response(486, 'INVITE'));
});
