/** VOX-1, RTE-12: a phone that hangs up in the same breath as it acknowledges. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type SipPeer, sipPeer } from '../actors/sipPeer.ts';
import { until } from '../support/services.ts';
import { type House, openHouse } from './support/house.ts';

let house: House;
let peer: SipPeer;
beforeEach(async () => {
  house = await openHouse();
  peer = await sipPeer({ protocol: 'udp', host: '127.0.0.1', port: house.edge.sipPort });
});
afterEach(async () => {
  peer.close();
  await house.close();
});

test('RTE-12: a BYE right behind the ACK ends the call, and nobody is rung for it', async () => {
  const { host, port } = peer;
  const sdp = ['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', 'm=audio 40000 RTP/AVP 0', ''].join('\r\n');
  const lines = (method: string, cseq: number, to: string, body = ''): string =>
    [
      `${method} sip:${house.scene.did}@127.0.0.1:${house.edge.sipPort} SIP/2.0`,
      `Via: SIP/2.0/UDP ${host}:${port};branch=z9hG4bK-${method}-${cseq}`,
      'Max-Forwards: 70',
      `From: <sip:+390612345678@${host}>;tag=early`,
      `To: ${to}`,
      `Call-ID: early-bye@${host}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: <sip:caller@${host}:${port}>`,
      ...(body ? ['Content-Type: application/sdp'] : []),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n');
  peer.send(lines('INVITE', 1, `<sip:${house.scene.did}@${host}>`, sdp));
  const answer = await peer.response(200, 'INVITE');
  const to = answer.headers.get('to') as string;
  peer.send(lines('ACK', 1, to));
  peer.send(lines('BYE', 2, to));
  await peer.response(200, 'BYE');
  await until(() => house.app.calls.size === 0, { what: 'the end of the call' });
  const agent = await house.agent();
  const { agent: view } = (await house.engine.views.agent(house.scene.scope, agent.id)) ?? {};
  expect(view?.status).toBe('available');
  expect(agent.sip.calls).toEqual([]);
});
