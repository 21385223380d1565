/** Every timer of RFC 3261 table 4 and RFC 6026, by a clock the test moves, over a recorded flow. */
import { beforeEach, describe, expect, test } from 'vitest';
import { RFC_TIMERS, systemClock } from '../../sip/edge/clock.ts';
import type { SipMessage, SipRequest, SipResponse } from '../../sip/edge/message.ts';
import { parseDatagram } from '../../sip/edge/messageParse.ts';
import { createRequest, createResponse } from '../../sip/edge/messageWrite.ts';
import { Afterlife } from '../../sip/edge/transactionAfterlife.ts';
import { createTransactions } from '../../sip/edge/transactions.ts';
import type { ClientTransaction, Flow, ServerTransaction, Transactions, Transports } from '../../sip/edge/types.ts';
import { freshId } from '../actors/sipPeer.ts';
import { until } from '../support/services.ts';
import { ManualClock } from './support/manualClock.ts';

/** Far end and network in one: what is sent is noted with its time, what a test gives is received. */
class RecordedFlow implements Flow {
  readonly id = 'recorded';
  readonly protocol: Flow['protocol'];
  readonly local = { host: '192.0.2.1', port: 5060 };
  readonly remote = { host: '192.0.2.9', port: 5060 };
  readonly advertised = this.local;
  readonly isClosed = false;
  readonly sent: { at: number; message: SipMessage }[] = [];
  readonly #clock: ManualClock;

  constructor(protocol: Flow['protocol'], clock: ManualClock) {
    this.protocol = protocol;
    this.#clock = clock;
  }

  get isReliable(): boolean {
    return this.protocol !== 'udp';
  }

  async send(bytes: Buffer): Promise<void> {
    const parsed = parseDatagram(bytes);
    if (parsed.outcome === 'message') this.sent.push({ at: this.#clock.now(), message: parsed.message });
  }

  close(): void {}

  /** When what was sent, as `status or method`. */
  times(what: number | string): number[] {
    return this.sent.filter(({ message }) => (message.kind === 'request' ? message.method : message.status) === what).map(({ at }) => at);
  }
}

let clock: ManualClock;
let flow: RecordedFlow;
let receive: (message: SipMessage) => void;
let transactions: Transactions;
let served: ServerTransaction[];

function use(protocol: Flow['protocol']): void {
  clock = new ManualClock();
  flow = new RecordedFlow(protocol, clock);
  const transports: Transports = {
    listening: [],
    flowTo: async () => flow,
    flow: () => flow,
    answering: () => flow,
    answeringAgain: async () => flow,
    onMessage: (listener) => (receive = (message) => listener(message, flow)),
    onFlowClosed: () => undefined,
    close: async () => undefined,
  };
  transactions = createTransactions({ transports, clock, timers: RFC_TIMERS });
  served = [];
  transactions.onRequest((transaction) => served.push(transaction));
}

beforeEach(() => use('udp'));

function fromFarEnd(method: string, branch = freshId('z9hG4bK'), to = '<sip:us@example.org>'): SipRequest {
  return createRequest(method, 'sip:us@example.org', [
    ['Via', `SIP/2.0/UDP 192.0.2.9:5060;branch=${branch}`],
    ['From', '<sip:them@example.org>;tag=them'],
    ['To', to],
    ['Call-ID', 'one call'],
    ['CSeq', `1 ${method}`],
  ]);
}

async function send(method: string): Promise<{ client: ClientTransaction; statuses: (number | string)[] }> {
  const request = createRequest(method, 'sip:them@example.org', [
    ['From', '<sip:us@example.org>;tag=us'],
    ['To', '<sip:them@example.org>'],
    ['Call-ID', 'one call'],
    ['CSeq', `1 ${method}`],
  ]);
  const client = await transactions.send(request, { protocol: flow.protocol, host: '192.0.2.9', port: 5060 });
  const statuses: (number | string)[] = [];
  client.onResponse((response) => statuses.push(response.status));
  client.onFailed((reason) => statuses.push(reason));
  return { client, statuses };
}

function answer(client: ClientTransaction, status: number): SipResponse {
  return createResponse(client.request, status, { toTag: 'them' });
}

function nothingLeft(): void {
  expect(transactions.counts).toEqual({ server: 0, client: 0 });
  expect(clock.waiting).toBe(0);
}

describe('RFC 3261 17.1.1: our INVITE', () => {
  test('timer A: repeated after 0.5, 1, 2, 4, 8, 16 s; timer B: given up after 32 s', async () => {
    const { statuses } = await send('INVITE');
    clock.advance(31_999);
    expect(flow.times('INVITE')).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    expect(statuses).toEqual([]);
    clock.advance(1);
    expect(statuses).toEqual(['timeout']);
    nothingLeft();
  });

  test('timer A stops with a provisional response, and ringing has no end of its own', async () => {
    const { client, statuses } = await send('INVITE');
    clock.advance(600);
    receive(answer(client, 100));
    receive(answer(client, 180));
    clock.advance(600_000);
    expect(flow.times('INVITE')).toEqual([0, 500]);
    expect(statuses).toEqual([100, 180]);
    expect(clock.waiting).toBe(0);
    expect(transactions.counts.client).toBe(1);
  });

  test('timer D: for 32 s each failure that comes again is acknowledged again', async () => {
    const { client, statuses } = await send('INVITE');
    receive(answer(client, 486));
    clock.advance(20_000);
    receive(answer(client, 486));
    clock.advance(11_999);
    receive(answer(client, 486));
    expect(flow.times('ACK')).toEqual([0, 20_000, 31_999]);
    clock.advance(1);
    receive(answer(client, 486));
    expect(flow.times('ACK')).toHaveLength(3);
    expect(statuses).toEqual([486]);
    nothingLeft();
  });

  test('RFC 6026 timer M: a 2xx that comes again is handed up as stray, within 32 s and after', async () => {
    const strays: number[] = [];
    transactions.onStrayResponse((response) => strays.push(response.status));
    const { client, statuses } = await send('INVITE');
    receive(answer(client, 200));
    receive(answer(client, 200));
    receive(answer(client, 486));
    clock.advance(32_000);
    nothingLeft();
    receive(answer(client, 200));
    expect(statuses).toEqual([200]);
    expect(strays).toEqual([200, 200]);
    expect(flow.times('ACK')).toEqual([]);
  });

  test('9.1: cancelled and never answered, it is given up after 32 s', async () => {
    const { client, statuses } = await send('INVITE');
    receive(answer(client, 180));
    clock.advance(50_000);
    expect(client.cancel()).toBe(true);
    expect(client.cancel()).toBe(true);
    const cancels = flow.times('CANCEL');
    expect(cancels).toEqual([50_000]);
    clock.advance(31_999);
    expect(statuses).toEqual([180]);
    clock.advance(1);
    expect(statuses).toEqual([180, 'timeout']);
    nothingLeft();
  });

  test('over a connection nothing is repeated, and a failure ends it at once', async () => {
    use('tcp');
    const { client } = await send('INVITE');
    clock.advance(10_000);
    expect(flow.times('INVITE')).toEqual([0]);
    receive(answer(client, 503));
    expect(flow.times('ACK')).toEqual([10_000]);
    nothingLeft();
  });
});

describe('RFC 3261 17.1.2: our other requests', () => {
  test('timer E: repeated after 0.5, 1, 2 s and then every 4 s; timer F: given up after 32 s', async () => {
    const { statuses } = await send('BYE');
    clock.advance(32_000);
    expect(flow.times('BYE')).toEqual([0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(statuses).toEqual(['timeout']);
    nothingLeft();
  });

  test('timer E: every 4 s once a provisional response came; timer F holds all the same', async () => {
    const { client, statuses } = await send('OPTIONS');
    receive(answer(client, 100));
    clock.advance(9_000);
    expect(flow.times('OPTIONS')).toEqual([0, 500, 4_500, 8_500]);
    clock.advance(23_000);
    expect(statuses).toEqual([100, 'timeout']);
    nothingLeft();
  });

  test('timer K: a final that comes again is absorbed, within 5 s and after', async () => {
    const { client, statuses } = await send('OPTIONS');
    receive(answer(client, 200));
    clock.advance(4_999);
    receive(answer(client, 200));
    clock.advance(1);
    receive(answer(client, 200));
    expect(statuses).toEqual([200]);
    nothingLeft();
  });

  test('over a connection nothing is repeated; timer F; no timer K', async () => {
    use('tcp');
    const { client } = await send('OPTIONS');
    receive(answer(client, 200));
    nothingLeft();
    const unanswered = await send('OPTIONS');
    clock.advance(32_000);
    expect(flow.times('OPTIONS')).toEqual([0, 0]);
    expect(unanswered.statuses).toEqual(['timeout']);
    nothingLeft();
  });
});

describe('RFC 3261 17.2.1: an INVITE to us', () => {
  test('timer G: a failure is repeated after 0.5, 1, 2 s and then every 4 s; timer H: given up after 32 s', () => {
    receive(fromFarEnd('INVITE'));
    const server = served[0] as ServerTransaction;
    const ended: string[] = [];
    server.onEnded((reason) => ended.push(reason));
    server.respond(createResponse(server.request, 486, { toTag: 'us' }));
    clock.advance(31_999);
    expect(flow.times(486)).toEqual([0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(ended).toEqual([]);
    clock.advance(1);
    expect(ended).toEqual(['timeout']);
    nothingLeft();
  });

  test('timer I: for 5 s after its ACK what comes again is absorbed', () => {
    const branch = freshId('z9hG4bK');
    const acks: SipRequest[] = [];
    transactions.onAck((ack) => acks.push(ack));
    receive(fromFarEnd('INVITE', branch));
    const server = served[0] as ServerTransaction;
    server.respond(createResponse(server.request, 486, { toTag: 'us' }));
    receive(fromFarEnd('ACK', branch, '<sip:us@example.org>;tag=us'));
    clock.advance(4_999);
    receive(fromFarEnd('ACK', branch, '<sip:us@example.org>;tag=us'));
    receive(fromFarEnd('INVITE', branch));
    expect(flow.times(486)).toEqual([0]);
    clock.advance(1);
    nothingLeft();
    expect(acks).toEqual([]);
    expect(served).toHaveLength(1);
  });

  test('RFC 6026 timer L: for 32 s after a 2xx the INVITE is absorbed; its ACK is handed up', () => {
    const branch = freshId('z9hG4bK');
    const acks: SipRequest[] = [];
    transactions.onAck((ack) => acks.push(ack));
    receive(fromFarEnd('INVITE', branch));
    const server = served[0] as ServerTransaction;
    server.respond(createResponse(server.request, 200, { toTag: 'us' }));
    clock.advance(31_999);
    receive(fromFarEnd('INVITE', branch));
    // RFC 3261 has the ACK of a 2xx in a transaction of its own; some far ends keep the branch.
    receive(fromFarEnd('ACK', branch, '<sip:us@example.org>;tag=us'));
    receive(fromFarEnd('ACK', undefined, '<sip:us@example.org>;tag=us'));
    expect(served).toHaveLength(1);
    expect(acks).toHaveLength(2);
    expect(flow.times(200)).toEqual([0]);
    clock.advance(1);
    nothingLeft();
  });

  test('one that nobody answers is forgotten after 64 s; one that rings is not', () => {
    receive(fromFarEnd('INVITE'));
    receive(fromFarEnd('INVITE'));
    const ended: string[] = [];
    for (const [at, server] of served.entries()) server.onEnded((reason) => ended.push(`${at} ${reason}`));
    served[1]?.respond(createResponse((served[1] as ServerTransaction).request, 180, { toTag: 'us' }));
    clock.advance(64_000);
    expect(ended).toEqual(['0 timeout']);
    clock.advance(600_000);
    expect(transactions.counts.server).toBe(1);
    expect(clock.waiting).toBe(0);
  });

  test('over a connection a failure is not repeated and its ACK ends all', () => {
    use('tls');
    const branch = freshId('z9hG4bK');
    receive(fromFarEnd('INVITE', branch));
    const server = served[0] as ServerTransaction;
    server.respond(createResponse(server.request, 486, { toTag: 'us' }));
    clock.advance(10_000);
    expect(flow.times(486)).toEqual([0]);
    receive(fromFarEnd('ACK', branch));
    nothingLeft();
  });
});

describe('RFC 3261 17.2.2: other requests to us', () => {
  test('timer J: for 32 s the same final answers what comes again', () => {
    const branch = freshId('z9hG4bK');
    receive(fromFarEnd('BYE', branch));
    receive(fromFarEnd('BYE', branch));
    expect(flow.sent).toEqual([]);
    const server = served[0] as ServerTransaction;
    server.respond(createResponse(server.request, 100));
    receive(fromFarEnd('BYE', branch));
    server.respond(createResponse(server.request, 200, { toTag: 'us' }));
    clock.advance(31_999);
    receive(fromFarEnd('BYE', branch));
    expect(flow.times(100)).toEqual([0, 0]);
    expect(flow.times(200)).toEqual([0, 31_999]);
    clock.advance(1);
    nothingLeft();
    expect(served).toHaveLength(1);
  });

  test('one that nobody answers is forgotten after 64 s', () => {
    receive(fromFarEnd('OPTIONS'));
    const ended: string[] = [];
    served[0]?.onEnded((reason) => ended.push(reason));
    clock.advance(64_000);
    expect(ended).toEqual(['timeout']);
    nothingLeft();
  });

  test('over a connection there is no timer J', () => {
    use('ws');
    receive(fromFarEnd('BYE'));
    const server = served[0] as ServerTransaction;
    server.respond(createResponse(server.request, 200, { toTag: 'us' }));
    nothingLeft();
  });
});

describe('RFC 3261 17.2.3: which transaction a request belongs to', () => {
  test('without the magic cookie, the fields that RFC 2543 compared', () => {
    receive(fromFarEnd('INVITE', '1'));
    receive(fromFarEnd('INVITE', '1'));
    expect(served).toHaveLength(1);
    const other = fromFarEnd('INVITE', '1');
    other.headers.set('Call-ID', 'another call');
    receive(other);
    expect(served).toHaveLength(2);
    const server = served[0] as ServerTransaction;
    server.respond(createResponse(server.request, 486, { toTag: 'us' }));
    receive(fromFarEnd('ACK', '1', '<sip:us@example.org>;tag=us'));
    clock.advance(10_000);
    expect(flow.times(486)).toEqual([0]);
  });

  test('the same branch from another sent-by is another transaction', () => {
    receive(fromFarEnd('OPTIONS', 'z9hG4bKsame'));
    const other = fromFarEnd('OPTIONS', 'z9hG4bKsame');
    other.headers.set('Via', 'SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bKsame');
    receive(other);
    expect(served).toHaveLength(2);
  });
});

test('closing ends every transaction and clears every timer', async () => {
  receive(fromFarEnd('INVITE'));
  receive(fromFarEnd('OPTIONS'));
  const { statuses } = await send('INVITE');
  const second = await send('BYE');
  transactions.close('test over');
  expect([...statuses, ...second.statuses]).toEqual(['transport', 'transport']);
  nothingLeft();
});

test('Safety: what is left of transactions has a limit: then the oldest goes, and each has its whole time else', () => {
  use('udp');
  const left = new Afterlife(clock, 32_000, 3);
  for (const key of ['a', 'b', 'c', 'd', 'e']) left.add(key, undefined, flow);
  expect(['a', 'b', 'c', 'd', 'e'].map((key) => left.has(key))).toEqual([false, false, true, true, true]);
  clock.advance(31_999);
  left.add('f', undefined, flow);
  expect(['c', 'd', 'e', 'f'].map((key) => left.has(key))).toEqual([false, true, true, true]);
  clock.advance(100);
  expect(left.size).toBe(1);
  clock.advance(32_000);
  expect(left.size).toBe(0);
  expect(clock.waiting).toBe(0);
});

test('Safety: a wait that is longer than the timers of the system is a long one, not none', async () => {
  const fired: string[] = [];
  const timer = systemClock.setTimeout(() => fired.push('years'), 0xffff_ffff * 1_000);
  systemClock.setTimeout(() => fired.push('soon'), 10);
  await until(() => fired.length > 0);
  systemClock.clearTimeout(timer);
  expect(fired).toEqual(['soon']);
});
