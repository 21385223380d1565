import { describe, expect, test } from 'vitest';
import { Negotiation } from '../../sip/sdp/negotiate.ts';
import { familyOf, parseSession } from '../../sip/sdp/session.ts';

const local = { address: '192.0.2.1', port: 20_000, rtcpPort: 20_001 };

function offer(lines: string[], { address = '198.51.100.7', family = 'IP4' } = {}): string {
  return ['v=0', 'o=alice 1 1 IN IP4 198.51.100.7', 's=-', `c=IN ${family} ${address}`, 't=0 0', ...lines, ''].join('\r\n');
}

const plain = ['m=audio 4000 RTP/AVP 0 8 101', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'];

function answered(sdp: string, options: Parameters<Negotiation['answer']>[1] = {}) {
  const result = new Negotiation(local).answer(sdp, options);
  if (!result.ok) throw new Error(`not negotiated: ${result.reason}`);
  return result;
}

describe('RFC 3264: an offer is answered', () => {
  test('RFC 3264 6.1: with the first codec of the offer that we have, under the number it has there', () => {
    const sdp = offer(['m=audio 4000 RTP/AVP 18 97 8', 'a=rtpmap:97 PCMU/8000', 'a=rtpmap:18 G729/8000']);
    const result = answered(sdp);
    expect(result.remote).toMatchObject({ codec: 'PCMU', payloadType: 97, address: '198.51.100.7', port: 4_000 });
    expect(result.sdp).toContain('m=audio 20000 RTP/AVP 97\r\n');
  });

  test('RFC 3264 6: with as many media lines, those we do not take with port 0', () => {
    const sdp = offer(['m=video 5000 RTP/AVP 96', 'a=rtpmap:96 VP8/90000', ...plain, 'm=application 9 UDP/BFCP *']);
    const media = answered(sdp)
      .sdp.split('\r\n')
      .filter((line) => line.startsWith('m='));
    expect(media).toEqual(['m=video 0 RTP/AVP 96', 'm=audio 20000 RTP/AVP 0 101', 'm=application 0 UDP/BFCP *']);
  });

  test('RFC 3264 6: under the transport of the offer, with and without feedback, and so it stays in offers of ours', () => {
    const negotiation = new Negotiation(local);
    const result = negotiation.answer(offer(['m=audio 4000 RTP/AVPF 0']));
    expect(result.ok && result.sdp).toContain('m=audio 20000 RTP/AVPF 0\r\n');
    expect(negotiation.offer()).toContain('m=audio 20000 RTP/AVPF 0 ');
    expect(new Negotiation(local).offer()).toContain('m=audio 20000 RTP/AVP 8 ');
  });

  test('RFC 8866: blanks at the ends of lines, and kinds and transports of media nobody knows, hide nothing', () => {
    const sdp = offer([...plain, 'a=sendonly ', 'a=rtcp-mux\t', 'm=x-data 9 DTLS1.2/SCTP-9 *']).replace('o=alice 1', 'o=alice  1');
    expect(answered(sdp)).toMatchObject({ isHeld: true, remote: { isRtcpMux: true } });
    expect(answered(sdp).sdp).toContain('m=x-data 0 DTLS1.2/SCTP-9 *\r\n');
  });

  test('RFC 2046 5.1: among several parts of a body the session description is found', () => {
    const part = (type: string, text: string): string => `--b1\r\nContent-Type: ${type}\r\nContent-Disposition: session\r\n\r\n${text}\r\n`;
    const sdp = offer(plain);
    const isup = part('application/ISUP;version=itu-t92+', '\u0001\u0011\u0048\u0000');
    for (const body of [isup + part('application/sdp', sdp), part('Application/SDP; charset=x', sdp) + isup])
      expect(answered(`${body}--b1--\r\n`).remote).toMatchObject({ port: 4_000, codec: 'PCMU' });
    expect(parseSession(`${isup}--b1--\r\n`)).toBeUndefined();
  });

  test('RFC 4733: telephone events keep the number of the offer, and are left out where it has none', () => {
    const renumbered = answered(offer(['m=audio 4000 RTP/AVP 0 96', 'a=rtpmap:96 telephone-event/8000']));
    expect(renumbered.remote.eventPayloadType).toBe(96);
    expect(renumbered.sdp).toContain('a=rtpmap:96 telephone-event/8000');
    const without = answered(offer(['m=audio 4000 RTP/AVP 0']));
    expect(without.remote.eventPayloadType).toBeUndefined();
    expect(without.sdp).not.toContain('telephone-event');
  });

  test.each([
    ['sendrecv', 'sendrecv', false],
    ['sendonly', 'recvonly', true],
    ['recvonly', 'sendonly', false],
    ['inactive', 'inactive', true],
  ])('RFC 3264 8.4: %s is answered %s', (theirs, ours, isHeld) => {
    const result = answered(offer([...plain, `a=${theirs}`]));
    expect(result.sdp).toContain(`a=${ours}\r\n`);
    expect(result.remote.direction).toBe(ours);
    expect(result.isHeld).toBe(isHeld);
  });

  test('RFC 3264 8.4: the address 0.0.0.0 is hold too, and nothing is sent there', () => {
    const result = answered(offer(plain, { address: '0.0.0.0' }));
    expect(result.isHeld).toBe(true);
    expect(result.remote.direction).toBe('recvonly');
  });

  test('RFC 5761: RTP and RTCP on one port where that is offered', () => {
    const result = answered(offer([...plain, 'a=rtcp-mux']));
    expect(result.remote.isRtcpMux).toBe(true);
    expect(result.sdp).toContain('a=rtcp-mux');
    expect(answered(offer([...plain, 'a=rtcp:4100 IN IP4 198.51.100.7'])).remote).toMatchObject({ isRtcpMux: false, rtcpPort: 4_100 });
  });

  test('RFC 4566: IPv6, a line of its own over that of the session, ptime', () => {
    const sdp = offer(['m=audio 4000 RTP/AVP 8', 'c=IN IP6 2001:db8::7', 'a=ptime:30']);
    expect(answered(sdp).remote).toMatchObject({ address: '2001:db8::7', ptimeMs: 30, codec: 'PCMA' });
    const six = new Negotiation({ address: '2001:db8::1', port: 20_000, rtcpPort: 20_003 }).offer();
    expect(six).toContain('c=IN IP6 2001:db8::1');
    expect(six).toContain('a=rtcp:20003');
  });

  test('RFC 3264 8: the same offer again gets the same answer, a change a higher version, and the codec stays', () => {
    const negotiation = new Negotiation(local);
    const version = (sdp: string): number => Number(/^o=- \d+ (\d+)/m.exec(sdp)?.[1]);
    const first = negotiation.answer(offer(plain));
    const again = negotiation.answer(offer(plain));
    const held = negotiation.answer(offer(['m=audio 4000 RTP/AVP 8 0 101', 'a=rtpmap:101 telephone-event/8000', 'a=sendonly']));
    if (!first.ok || !again.ok || !held.ok) throw new Error('not negotiated');
    expect(again.sdp).toBe(first.sdp);
    expect(version(held.sdp)).toBe(version(first.sdp) + 1);
    expect(held.remote.codec).toBe('PCMU');
  });

  test.each([
    ['malformed', 'hello'],
    ['malformed', 'v=0\r\nm=audio\r\n'],
    ['malformed', `v=0\r\n${'a=x\r\n'.repeat(9_000)}`],
    ['no_audio', offer(['m=audio 4000 RTP/SAVP 0', 'a=crypto:1 x'])],
    ['no_audio', offer(['m=audio 0 RTP/AVP 0'])],
    ['no_audio', offer(['m=audio 4000 RTP/AVP 0'], { address: 'host.example' })],
    ['no_audio', offer(['m=audio 4000 RTP/AVP 0'], { address: '224.2.1.1/127' })],
    ['no_audio', offer(['m=audio 4000 RTP/AVP 0'], { address: 'ff02::1', family: 'IP6' })],
    ['no_codec', offer(['m=audio 4000 RTP/AVP 18', 'a=rtpmap:18 G729/8000'])],
  ])('RFC 3264 6: %s is not answered', (reason, sdp) => {
    expect(new Negotiation(local).answer(sdp)).toEqual({ ok: false, reason });
  });
});

describe('RFC 3264: an answer to our offer', () => {
  test('RFC 3264 5.1: prefers what the other end of the call uses', () => {
    expect(new Negotiation(local).offer({ first: 'PCMU' })).toContain('RTP/AVP 0 8 9 101');
  });

  test('RFC 3264 6.1: the first codec of the answer counts', () => {
    const negotiation = new Negotiation(local);
    negotiation.offer({ first: 'PCMU' });
    const result = negotiation.accept(offer(['m=audio 4000 RTP/AVP 8 0 101', 'a=rtpmap:101 telephone-event/8000']));
    expect(result).toMatchObject({ ok: true, remote: { codec: 'PCMA', payloadType: 8, eventPayloadType: 101 } });
    expect(negotiation.codec).toBe('PCMA');
  });

  test('RFC 3264 8.4: our own hold is narrower than what the other side would do', () => {
    const negotiation = new Negotiation(local);
    expect(negotiation.offer({ direction: 'inactive' })).toContain('a=inactive');
    expect(negotiation.accept(offer([...plain, 'a=sendrecv']), { direction: 'sendonly' })).toMatchObject({
      remote: { direction: 'sendonly' },
    });
  });
});

test('RFC 8866: a caller who offers the same stream encrypted beside is taken in the clear', () => {
  const session = parseSession(offer(['m=audio 4002 RTP/SAVP 0', ...plain]));
  expect(session?.audio).toMatchObject({ index: 1, port: 4_000 });
});

test.each([
  ['c=IN IP4 192.0.2.1', 'IPv4'],
  ['c=IN IP6 2001:db8::1', 'IPv6'],
  ['c=IN IP4 192.0.2.1\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP6 2001:db8::1', undefined],
  ['t=0 0', undefined],
] as const)('RFC 8866 5.7 an offer with %s wants its packets over %s, whatever its signalling came over', (lines, family) => {
  expect(familyOf(`v=0\r\n${lines}\r\n`)).toBe(family);
});
