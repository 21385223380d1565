/**
 * Strangers at the edge: peers over UDP, TCP and WebSocket send SIP of any shape, cut anywhere, hang up in the middle, while a user above the transactions
 * answers, calls back and cancels by chance. All draws come from one seed. Afterwards an ordinary request must be served and nothing be left.
 */
import { createRequest, createResponse, writeMessage } from '../../../sip/edge/messageWrite.ts';
import type { ServerTransaction } from '../../../sip/edge/types.ts';
import { Chance } from '../../actors/chance.ts';
import { requestText, type SipPeer, sipPeer } from '../../actors/sipPeer.ts';
import { until } from '../../support/services.ts';
import { type Layers, openLayers } from './layers.ts';
import { TORTURE } from './torture.ts';

const METHODS = ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'REGISTER', 'MESSAGE', 'PRACK', 'X'] as const;
const PROTOCOLS = ['udp', 'tcp', 'ws'] as const;
const PIECES = [
  '\r\n',
  '\r\n\r\n',
  ';',
  ',',
  '"',
  '<',
  '>',
  ':',
  '\0',
  ' ',
  'Via: x\r\n',
  'Content-Length: 99999\r\n',
  'l: -1\r\n',
  ';tag=x',
  '\u00ff',
  'é',
];

/** @throws when the edge does not come through; the message says the seed */
export async function meetStrangers(options: { readonly messages: number; readonly seed: number }): Promise<void> {
  const chance = new Chance(options.seed);
  const layers = await openLayers({
    ports: { udp: 0, tcp: 0, ws: 0 },
    timers: { t1: 5, t2: 20, t4: 25 },
    throttle: { isKnown: () => true },
    limits: { partialMs: 200 },
  });
  const peers = await Promise.all(Array.from({ length: 9 }, (_, at) => arrive(layers, PROTOCOLS[at % 3] ?? 'udp')));
  const user = new ErraticUser(layers, chance.fork());
  try {
    for (let count = 0; count < options.messages; count++) {
      const at = chance.between(0, peers.length - 1);
      let peer = peers[at] as SipPeer;
      if (peer.isClosed || chance.is(0.005)) {
        peer.destroy();
        peer = await arrive(layers, peer.protocol);
        peers[at] = peer;
      }
      sendCut(peer, strangeBytes(peer, chance), chance);
      // The loop must turn, or nothing is read at all.
      if (count % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await ordinaryOnesAreServed(layers, user);
    user.endAll();
    await until(() => layers.transactions.counts.server + layers.transactions.counts.client === 0, {
      timeoutMs: 20_000,
      what: 'end of all transactions',
    });
    for (const peer of peers) peer.destroy();
    await until(() => layers.transports.connectionCount === 0, { what: 'end of all connections' });
  } catch (error) {
    throw new Error(`with seed ${options.seed}`, { cause: error });
  } finally {
    for (const peer of peers) peer.destroy();
    await layers.close();
  }
}

function arrive(layers: Layers, protocol: SipPeer['protocol']): Promise<SipPeer> {
  return sipPeer({ protocol, host: '127.0.0.1', port: layers.port(protocol) });
}

/** Few branches and Call-IDs, so that strangers meet each other's transactions. */
function strangeBytes(peer: SipPeer, chance: Chance): Buffer {
  if (chance.is(0.1)) return spoilt(chance.pick(TORTURE).bytes, chance);
  const heard = peer.received.at(-1);
  if (heard && chance.is(0.2)) return spoilt(writeMessage(heard), chance);
  const text = requestText(peer, chance.pick(METHODS), {
    branch: `z9hG4bK${chance.between(1, 30)}`,
    callId: `call ${chance.between(1, 10)}`,
    cseq: chance.between(1, 3),
    body: chance.is(0.2) ? 'v=0\r\n\r\n' : '',
  });
  return chance.is(0.5) ? Buffer.from(text) : spoilt(Buffer.from(text), chance);
}

function spoilt(bytes: Buffer, chance: Chance): Buffer {
  let result = bytes;
  for (let count = chance.between(0, 4); count > 0; count--) {
    const at = chance.between(0, result.length);
    const to = Math.min(result.length, at + chance.between(0, 30));
    const middle = chance.pick([
      Buffer.from(chance.pick(PIECES)),
      Buffer.of(chance.between(0, 255)),
      Buffer.alloc(0),
      Buffer.concat([result.subarray(at, to), result.subarray(at, to)]),
      Buffer.from(result.subarray(at, to)).reverse(),
    ]);
    result = Buffer.concat([result.subarray(0, at), middle, result.subarray(to)]);
  }
  return result;
}

function sendCut(peer: SipPeer, bytes: Buffer, chance: Chance): void {
  if (peer.protocol !== 'tcp' || chance.is(0.5)) return peer.send(bytes);
  const cut = chance.between(0, bytes.length);
  peer.send(bytes.subarray(0, cut));
  if (chance.is(0.9)) peer.send(bytes.subarray(cut));
}

async function ordinaryOnesAreServed(layers: Layers, user: ErraticUser): Promise<void> {
  user.isSober = true;
  for (const protocol of PROTOCOLS) {
    const peer = await arrive(layers, protocol);
    const callId = `ordinary ${protocol}`;
    peer.send(requestText(peer, 'OPTIONS', { callId }));
    await until(() => peer.received.some(({ headers }) => headers.get('call-id') === callId), { what: `the answer to ${callId}` });
    peer.close();
  }
}

class ErraticUser {
  isSober = false;
  readonly #layers: Layers;
  readonly #chance: Chance;
  readonly #open = new Set<ServerTransaction>();

  constructor(layers: Layers, chance: Chance) {
    this.#layers = layers;
    this.#chance = chance;
    layers.transactions.onRequest((transaction) => this.#onRequest(transaction));
    layers.transactions.onAck(() => undefined);
  }

  endAll(): void {
    for (const transaction of this.#open) this.#respond(transaction, 480);
  }

  #onRequest(transaction: ServerTransaction): void {
    this.#open.add(transaction);
    transaction.onEnded(() => this.#open.delete(transaction));
    transaction.onCancel(() => this.#respond(transaction, 487));
    if (this.isSober || this.#chance.is(0.7))
      this.#respond(transaction, this.isSober ? 200 : this.#chance.pick([100, 180, 200, 202, 302, 486, 603]));
    if (!this.isSober && this.#chance.is(0.2)) void this.#callBack(transaction);
  }

  #respond(transaction: ServerTransaction, status: number): void {
    if (!transaction.isCompleted) transaction.respond(createResponse(transaction.request, status, { toTag: 'us' }));
  }

  async #callBack({ flow }: ServerTransaction): Promise<void> {
    const method = this.#chance.pick(['INVITE', 'BYE', 'NOTIFY']);
    const request = createRequest(method, 'sip:stranger@example.org', [
      ['From', '<sip:us@example.org>;tag=us'],
      ['To', '<sip:stranger@example.org>'],
      ['Call-ID', 'calling back'],
      ['CSeq', `1 ${method}`],
    ]);
    const isCancelled = this.#chance.is(0.5);
    try {
      const client = await this.#layers.transactions.send(request, { protocol: flow.protocol, host: '', port: 1, flow: flow.id });
      // An INVITE that rings has no end but this.
      client.onResponse((response) => response.status < 200 && client.cancel());
      if (isCancelled) client.cancel();
    } catch {
      // The stranger has gone.
    }
  }
}
