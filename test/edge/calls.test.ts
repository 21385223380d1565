/** The first calls over the edge: drachtio-srf on one side, SIPp on the other. */
import { expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { startTestEdge } from './support/edges.ts';
import { sippUac, sippUas } from './support/sipp.ts';
import type { AppDialog } from './support/srf.ts';

const SDP = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 15000 RTP/AVP 0\r\n';

test('RFC 3261 13.3: a call is taken by an application and hung up by the caller', async () => {
  const edge = await startTestEdge();
  const srf = await edge.connect();
  const taken: AppDialog[] = [];
  srf.invite(async (req, res) => taken.push(await srf.createUAS(req, res, { localSdp: SDP })));
  await edge.settled();
  await (await sippUac('uac.xml', `127.0.0.1:${edge.sipPort}`)).done;
  await until(() => edge.figures.dialogs === 0 && taken.length === 1 && !taken[0]?.connected);
});

test('RFC 3261 13.2: an application calls and hangs up', async () => {
  const edge = await startTestEdge();
  const srf = await edge.connect();
  const far = await sippUas('uas.xml');
  const uac = await srf.createUAC(`sip:bob@127.0.0.1:${far.port}`, { localSdp: SDP });
  expect(edge.figures.dialogs).toBe(1);
  await uac.destroy();
  await far.done;
  await until(() => edge.figures.dialogs === 0);
});

test('a call goes through the application to another phone', async () => {
  const edge = await startTestEdge();
  const srf = await edge.connect();
  const far = await sippUas('uas.xml');
  srf.invite(async (req, res) => {
    const { uas, uac } = await srf.createB2BUA(req, res, `sip:bob@127.0.0.1:${far.port}`, {});
    // The caller may have hung up before anybody could listen.
    if (uas.connected) uas.on('destroy', () => uac.destroy());
    else void uac.destroy();
  });
  await edge.settled();
  await (await sippUac('uac.xml', `127.0.0.1:${edge.sipPort}`)).done;
  await far.done;
  await until(() => edge.figures.dialogs === 0);
});
