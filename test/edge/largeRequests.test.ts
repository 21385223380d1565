/** RFC 3261 18.1.1: requests that are too large for a datagram. */
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { parseDatagram } from '../../sip/edge/messageParse.ts';
import { createResponse, writeMessage } from '../../sip/edge/messageWrite.ts';
import { until } from '../support/services.ts';
import { startTestEdge } from './support/edges.ts';
import { ManualClock } from './support/manualClock.ts';
import { SDP, SipPeer } from './support/sipPeer.ts';

const VIDEO = `${SDP}${'a=rtcp-fb:96 nack pli\r\n'.repeat(60)}`;

async function scene() {
  const edge = await startTestEdge({ clock: new ManualClock() });
  const [srf, peer] = [await edge.connect(), await SipPeer.open(edge)];
  /** Calls the peer by UDP, which is busy. */
  async function meetsUdp(localSdp: string, param = ''): Promise<void> {
    const made = srf.createUAC(`sip:bob@127.0.0.1:${peer.port}${param}`, { localSdp });
    const invite = await peer.request('INVITE');
    expect(invite.headers.get('via')).toMatch(/^SIP\/2\.0\/UDP /);
    expect(invite.headers.get('contact')).toBe(`<sip:127.0.0.1:${edge.sipPort}>`);
    peer.reply(invite, 486);
    await expect(made).rejects.toMatchObject({ status: 486 });
  }
  return { edge, srf, peer, meetsUdp };
}

/** What comes to that port by TCP; its first INVITE is answered. */
async function listenOnTcp(port: number): Promise<{ text: string }> {
  const heard = { text: '' };
  const server = createServer((socket: Socket) => {
    onTestFinished(() => void socket.destroy());
    let isAnswered = false;
    socket.on('data', (bytes) => {
      heard.text += bytes;
      const parsed = parseDatagram(Buffer.from(heard.text));
      if (isAnswered || parsed.outcome !== 'message' || parsed.message.kind !== 'request') return;
      isAnswered = true;
      const response = createResponse(parsed.message, 200, { toTag: 'a' });
      response.headers.append('Contact', `<sip:bob@127.0.0.1:${port};transport=tcp>`);
      response.headers.append('Content-Type', 'application/sdp');
      response.body = Buffer.from(SDP);
      socket.write(writeMessage(response));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return heard;
}

test('RFC 3261 18.1.1: a large request goes by TCP, and its dialog with it; a small one, and one whose URI names UDP, by UDP', async () => {
  const { edge, srf, peer, meetsUdp } = await scene();
  const heard = await listenOnTcp(peer.port);
  const dialog = await srf.createUAC(`sip:bob@127.0.0.1:${peer.port}`, { localSdp: VIDEO });
  expect(heard.text).toMatch(/^Via: SIP\/2\.0\/TCP /m);
  expect(heard.text).toContain(`Contact: <sip:127.0.0.1:${edge.tcpPort};transport=tcp>`);
  dialog.destroy();
  await until(() => /^BYE /m.test(heard.text), { what: 'the BYE' });
  expect(peer.received).toEqual([]);
  await meetsUdp(SDP);
  await meetsUdp(VIDEO, ';transport=udp');
});

test('RFC 3261 18.1.1: where TCP is refused a large request goes by UDP, and so does the next one', async () => {
  const { meetsUdp } = await scene();
  await meetsUdp(VIDEO);
  await meetsUdp(VIDEO);
});
