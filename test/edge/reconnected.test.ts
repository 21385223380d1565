/** RFC 5626: phones behind a NAT, whose connection is lost while they talk and who register over another one. No other way leads to them. */
import { expect, test } from 'vitest';
import { requestText, responseText, type SipPeer, sipPeer } from '../actors/sipPeer.ts';
import { TEST_CERT, TEST_KEY } from '../gateway/support/certificate.ts';
import { until } from '../support/services.ts';
import { startTestEdge, type TestEdge } from './support/edges.ts';
import { SDP } from './support/sipPeer.ts';
import type { AppResponse, TestSrf } from './support/srf.ts';

/** As it is written behind the NAT. */
const CONTACT = '<sip:ann@127.0.0.1:1;transport=tcp>';
const portOf = ({ tcpPort, tlsPort }: TestEdge, protocol: 'tcp' | 'tls'): number => (protocol === 'tcp' ? tcpPort : tlsPort);

async function registered(edge: TestEdge, protocol: 'tcp' | 'tls', instance = 'ann-1'): Promise<SipPeer> {
  const phone = await sipPeer({ protocol, host: '127.0.0.1', port: portOf(edge, protocol) });
  const aor = '<sip:ann@centralino.example>';
  const contact = `${CONTACT};+sip.instance="<urn:uuid:${instance}>";reg-id=1`;
  phone.send(requestText(phone, 'REGISTER', { from: `${aor};tag=r`, to: aor, contact, lines: ['Expires: 300'] }));
  await phone.response(200, 'REGISTER');
  return phone;
}

/** The application rings the phone by the connection that it registered over, and it answers. */
async function talking(srf: TestSrf, phone: SipPeer) {
  const uac = srf.createUAC('sip:ann@127.0.0.1:1;transport=tcp', {
    localSdp: SDP,
    proxy: `sip:127.0.0.1:${phone.port};transport=${phone.protocol}`,
  });
  const invite = await phone.request('INVITE');
  phone.send(responseText(invite, 200, { toTag: 'ann', lines: [`Contact: ${CONTACT}`], body: SDP }));
  await phone.request('ACK');
  return { dialog: await uac, invite };
}

test.each(['tcp', 'tls'] as const)(
  'RFC 5626 5.3 over %s: what is asked in its calls goes by the connection that it registered over last',
  async (protocol) => {
    const edge = await startTestEdge({ tls: { cert: TEST_CERT, key: TEST_KEY } });
    const srf = await edge.connect();
    srf.register((_req: unknown, res: AppResponse) => res.send(200));
    await edge.settled();
    const before = await registered(edge, protocol);
    const first = await talking(srf, before);
    const second = await talking(srf, before);
    before.destroy();
    // Another phone of the same user has nothing to do with it.
    const other = await registered(edge, protocol, 'ann-2');
    const after = await registered(edge, protocol);
    const asked = first.dialog.modify(SDP.replace('15000', '15002'));
    const reinvite = await after.request('INVITE');
    after.send(responseText(reinvite, 200, { lines: [`Contact: ${CONTACT}`], body: SDP }));
    await after.request('ACK');
    await asked;
    void first.dialog.destroy();
    after.send(responseText(await after.request('BYE'), 200));

    const ended = new Promise((resolve) => second.dialog.on('destroy', resolve));
    const { headers } = second.invite;
    after.send(
      requestText(after, 'BYE', {
        uri: 'sip:127.0.0.1',
        from: `${headers.get('to')};tag=ann`,
        to: headers.get('from') ?? '',
        callId: headers.get('call-id') ?? '',
        cseq: 1,
      }),
    );
    await after.response(200, 'BYE');
    await ended;
    await until(() => edge.figures.dialogs === 0);
    expect(other.received.filter(({ kind }) => kind === 'request')).toEqual([]);
    for (const phone of [other, after]) phone.close();
  },
);
