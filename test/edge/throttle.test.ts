/** SPEC Safety: scanners and floods are throttled per source without hurting known trunks, and an overloaded edge says so. */
import { afterEach, describe, expect, test } from 'vitest';
import type { SipRequest } from '../../sip/edge/message.ts';
import { createRequest, createResponse } from '../../sip/edge/messageWrite.ts';
import { Throttle, type ThrottleOptions } from '../../sip/edge/throttle.ts';
import type { TransportOptions } from '../../sip/edge/transports.ts';
import { requestText, type SipPeer, sipPeer } from '../actors/sipPeer.ts';
import { until } from '../support/services.ts';
import { type Layers, openLayers } from './support/layers.ts';
import { ManualClock } from './support/manualClock.ts';
import { TORTURE } from './support/torture.ts';

const LIMITS = {
  messages: { burst: 50, perSec: 10 },
  fresh: { burst: 5, perSec: 1 },
  freshByPrefix: { burst: 8, perSec: 2 },
  faults: { burst: 3, perSec: 0.1 },
  blockMs: 10_000,
  lateMs: 250,
  calmMs: 80,
};

function request(method = 'INVITE', lines: readonly (readonly [string, string])[] = []): SipRequest {
  return createRequest(method, 'sip:a@example.org', [['To', '<sip:a@example.org>'], ...lines]);
}

describe('Safety: budgets', () => {
  function world(options: Partial<ThrottleOptions> = {}): {
    clock: ManualClock;
    throttle: Throttle;
    judge(source: string, count?: number): string[];
  } {
    const clock = new ManualClock();
    const throttle = new Throttle({ clock, limits: LIMITS, ...options });
    return {
      clock,
      throttle,
      judge: (source, count = 1) => Array.from({ length: count }, () => throttle.judge(request(), source)),
    };
  }

  test('new requests of one source are limited, answered once a second and then with silence, and it recovers', () => {
    const { clock, judge } = world();
    expect(judge('192.0.2.1', 8)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass', 'refuse', 'drop', 'drop']);
    expect(judge('198.51.100.1')).toEqual(['pass']);
    clock.advance(1_000);
    expect(judge('192.0.2.1', 3)).toEqual(['pass', 'refuse', 'drop']);
  });

  test('a network is limited over its addresses', () => {
    const { judge } = world();
    const verdicts = Array.from({ length: 12 }, (_, at) => judge(`192.0.2.${at}`)[0]);
    expect(verdicts.filter((verdict) => verdict === 'pass')).toHaveLength(8);
    expect(judge('192.0.3.1')).toEqual(['pass']);
  });

  test('who owns a /64 of IPv6 is one source', () => {
    const { judge } = world();
    const verdicts = Array.from({ length: 6 }, (_, at) => judge(at % 2 ? `2001:db8::${at}` : `2001:db8:0:0:ffff::${at}`)[0]);
    expect(verdicts).toEqual(['pass', 'pass', 'pass', 'pass', 'pass', 'refuse']);
    expect(judge('2001:db9::1')).toEqual(['pass']);
  });

  test('what belongs to a call passes: ACK, CANCEL, and what carries a To tag', () => {
    const { throttle, judge } = world();
    judge('192.0.2.1', 8);
    for (const method of ['ACK', 'CANCEL']) expect(throttle.judge(request(method), '192.0.2.1')).toBe('pass');
    const bye = request('BYE');
    bye.headers.set('To', '"x;tag=no" <sip:a@example.org> ; tag = yes');
    expect(throttle.judge(bye, '192.0.2.1')).toBe('pass');
  });

  test('messages of any kind are limited before they are read', () => {
    const { clock, throttle } = world();
    expect(Array.from({ length: 60 }, () => throttle.admits('192.0.2.1')).filter(Boolean)).toHaveLength(50);
    clock.advance(1_000);
    expect(Array.from({ length: 60 }, () => throttle.admits('192.0.2.1')).filter(Boolean)).toHaveLength(10);
  });

  test('a source of faults begins nothing for a while; its calls go on', () => {
    const { clock, throttle, judge } = world();
    for (let count = 0; count < 4; count++) throttle.noteFault('192.0.2.1');
    expect(judge('192.0.2.1', 2)).toEqual(['drop', 'drop']);
    expect(throttle.answersFault('192.0.2.1')).toBe(false);
    expect(throttle.judge(request('ACK'), '192.0.2.1')).toBe('pass');
    clock.advance(10_000);
    expect(judge('192.0.2.1')).toEqual(['pass']);
  });

  test('a configured scanner gets no answer, and is soon blocked whatever it calls itself', () => {
    const { throttle, judge } = world({ scanners: ['friendly-scanner'] });
    const scan = request('OPTIONS', [['User-Agent', 'Friendly-Scanner 1.0']]);
    for (let count = 0; count < 4; count++) expect(throttle.judge(scan, '192.0.2.1')).toBe('drop');
    expect(judge('192.0.2.1')).toEqual(['drop']);
  });

  test('a known trunk has no budget; when it is known no more, it has', () => {
    let isKnown = true;
    const { clock, throttle, judge } = world({ isKnown: (source) => isKnown && source === '192.0.2.1' });
    for (let count = 0; count < 100; count++) throttle.noteFault('192.0.2.1');
    expect(new Set(judge('192.0.2.1', 100))).toEqual(new Set(['pass']));
    expect(Array.from({ length: 100 }, () => throttle.admits('192.0.2.1')).every(Boolean)).toBe(true);
    isKnown = false;
    clock.advance(5_000);
    expect(judge('192.0.2.1', 100)).toContain('drop');
  });

  test('a late event loop, or an application that does not keep up, refuses new requests of everybody', () => {
    let isBehind = false;
    const { clock, throttle, judge } = world({ isKnown: () => true, isOverloaded: () => isBehind });
    clock.advance(1_000);
    expect(judge('192.0.2.1')).toEqual(['pass']);
    isBehind = true;
    expect(judge('192.0.2.1')).toEqual(['refuse']);
    expect(throttle.judge(request('ACK'), '192.0.2.1')).toBe('pass');
    isBehind = false;
    clock.stall(500);
    expect(judge('192.0.2.1')).toEqual(['pass']);
    for (let count = 0; count < 5; count++) clock.stall(500);
    expect(judge('192.0.2.1')).toEqual(['refuse']);
    clock.advance(1_000);
    expect(judge('192.0.2.1')).toEqual(['pass']);
  });

  test('any number of forged sources costs a bounded memory, and closing leaves no timer', () => {
    const { clock, throttle } = world();
    for (let count = 0; count < 60_000; count++) throttle.judge(request(), `10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`);
    expect(throttle.sourceCount).toBeLessThanOrEqual(50_000);
    expect(throttle.sourceCount).toBeGreaterThanOrEqual(25_000);
    throttle.close();
    expect(clock.waiting).toBe(0);
  });
});

describe('Safety: on real sockets', () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  async function layersWith(options: Partial<TransportOptions>): Promise<Layers> {
    const layers = await openLayers(options);
    open.push(layers);
    layers.transactions.onRequest((transaction) => transaction.respond(createResponse(transaction.request, 200, { toTag: 'ours' })));
    return layers;
  }

  async function peerOf(layers: Layers, from: string): Promise<SipPeer> {
    const peer = await sipPeer({ protocol: 'udp', host: '127.0.0.1', port: layers.port('udp'), from });
    open.push(peer);
    return peer;
  }

  test('a flood from one source is met with few answers while another source and a known trunk are served', async () => {
    const layers = await layersWith({ throttle: { limits: LIMITS, isKnown: (source) => source === '127.0.0.9' } });
    const [flood, other, trunk] = await Promise.all([
      peerOf(layers, '127.0.1.1'),
      peerOf(layers, '127.0.2.1'),
      peerOf(layers, '127.0.0.9'),
    ]);
    // Not all at once: what the system's buffer does not hold is lost, whoever sent it.
    for (let count = 0; count < 300; count++) {
      flood.send(requestText(flood, 'OPTIONS'));
      if (count % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    for (let count = 0; count < 3; count++) other.send(requestText(other, 'OPTIONS'));
    for (let count = 0; count < 30; count++) trunk.send(requestText(trunk, 'OPTIONS'));
    for (let count = 0; count < 3; count++) await other.response(200);
    for (let count = 0; count < 30; count++) await trunk.response(200);
    const refusal = await flood.response(503);
    expect(refusal.headers.get('retry-after')).toBe('5');
    expect(flood.received.length).toBeLessThan(20);
    expect(layers.requests.length).toBeLessThan(60);
  });

  test('RFC 4475: every torture message, and then an ordinary one is served', async () => {
    const layers = await layersWith({ throttle: { isKnown: () => true } });
    const peer = await peerOf(layers, '127.0.0.1');
    for (const { bytes } of TORTURE) peer.send(bytes);
    const refusals = TORTURE.filter(({ expected }) => typeof expected === 'number').length;
    await until(
      () =>
        peer.received.filter((message) => message.kind === 'response' && message.status >= 400).length + peer.strange.length >= refusals,
    );
    peer.send(requestText(peer, 'OPTIONS', { callId: 'the ordinary one' }));
    await until(() => peer.received.some(({ headers }) => headers.get('call-id') === 'the ordinary one'));
    const taken = TORTURE.filter(({ expected, bytes }) => expected === 'taken' && !bytes.toString().startsWith('SIP/'));
    expect(layers.requests).toHaveLength(taken.length + 1);
  });
});
