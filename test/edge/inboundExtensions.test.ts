/** Calls that come in with extensions: reliable provisional answers, UPDATE, session timers. The edge's time stands still unless a test moves it. */
import { expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { answerAll, scene } from './support/inboundScene.ts';
import { SDP } from './support/sipPeer.ts';
import type { AppMessage, AppResponse } from './support/srf.ts';

test('RFC 3262 3: a reliable 180 is repeated until its PRACK, the PRACK goes to the application, and the 200 waits for it', async () => {
  const now = await scene();
  const pracks: string[] = [];
  now.srf.prack((_req, res) => {
    pracks.push('PRACK');
    res.send(200);
  });
  now.srf.invite((_req, res) => {
    res.send(180, { headers: { Require: '100rel' } });
    res.send(200, { body: SDP });
  });
  const invite = now.peer.invite({ lines: [['Supported', '100rel']] });
  const ringing = await now.peer.response(180);
  expect(ringing.headers.get('require')).toBe('100rel');
  now.clock.advance(500);
  await until(() => now.peer.count('180 INVITE') === 2);
  expect(now.peer.count('200 INVITE')).toBe(0);
  const wrong = now.peer.inCall({ invite, answer: ringing }, 'PRACK', { seq: 2, lines: [['RAck', '1 1 INVITE']] });
  now.peer.send(wrong);
  await now.peer.response(481, 'PRACK');
  const rack = `${ringing.headers.get('rseq')} 1 INVITE`;
  now.peer.send(now.peer.inCall({ invite, answer: ringing }, 'PRACK', { seq: 3, lines: [['RAck', rack]] }));
  await now.peer.response(200, 'PRACK');
  await until(() => now.peer.count('200 INVITE') === 1);
  expect(pracks).toEqual(['PRACK']);
  now.clock.advance(400);
  expect(now.peer.count('180 INVITE')).toBe(2);
});

test('RFC 3262 3: a reliable 180 that is never acknowledged ends the call with 504; without 100rel at the far end it is not sent', async () => {
  const now = await scene();
  let refused: unknown;
  now.srf.invite((req, res) => {
    res.send(180, { headers: { Require: '100rel' } }, (error: unknown) => {
      refused = error;
    });
    if (!req.has('Supported')) setImmediate(() => res.send(480));
  });
  now.peer.invite({ lines: [['Supported', '100rel']] });
  await now.peer.response(180);
  now.clock.advance(32_000);
  await now.peer.response(504, 'INVITE');
  now.peer.invite();
  await now.peer.response(480, 'INVITE');
  await until(() => refused === 'Remote endpoint does not support 100rel');
});

test('RFC 3311: UPDATE while it rings goes to the application with its own answer', async () => {
  const now = await scene();
  now.srf.invite((req, res) => {
    req.on('update', (_update: AppMessage, updated: AppResponse) => {
      updated.send(200, { body: SDP });
      res.send(486);
    });
    res.send(183, { body: SDP });
  });
  const invite = now.peer.invite();
  const early = await now.peer.response(183);
  now.peer.send(now.peer.inCall({ invite, answer: early }, 'UPDATE', { seq: 2, body: SDP }));
  const updated = await now.peer.response(200, 'UPDATE');
  expect(updated.body.toString()).toBe(SDP);
  await until(() => now.peer.count('486 INVITE') === 1);
});

test('RFC 4028 9: less than 90 s is refused with 422; an interval is agreed on, and runs out into a BYE', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const timer: [string, string] = ['Supported', 'timer'];
  const short = now.peer.invite({ lines: [timer, ['Session-Expires', '60']] });
  const refused = await now.peer.response(422, 'INVITE');
  expect(refused.headers.get('min-se')).toBe('90');
  now.peer.ackFailure(short, refused);
  const invite = now.peer.invite({ lines: [timer, ['Session-Expires', '300']] });
  const answer = await now.peer.response(200, 'INVITE');
  expect(answer.headers.get('session-expires')).toBe('300;refresher=uac');
  expect(answer.headers.list('require')).toEqual(['timer']);
  now.peer.ack({ invite, answer });
  await until(() => seen.acks.length === 1);
  now.clock.advance(200_000);
  now.peer.send(now.peer.inCall({ invite, answer }, 'UPDATE', { seq: 2, lines: [timer, ['Session-Expires', '300;refresher=uac']] }));
  await now.peer.response(200, 'UPDATE');
  now.clock.advance(200_000);
  expect(now.peer.count('BYE')).toBe(0);
  now.clock.advance(100_000);
  const bye = await now.peer.request('BYE');
  expect(bye.headers.get('reason')).toContain('Session timer expired');
  await until(() => seen.destroyed.length === 1);
});

test('RFC 4028 9: an interval of years is agreed on as a day', async () => {
  const now = await scene();
  answerAll(now.srf);
  now.peer.invite({ lines: [['Session-Expires', '4294967295']] });
  expect((await now.peer.response(200, 'INVITE')).headers.get('session-expires')).toBe('86400;refresher=uas');
});

test('RFC 4028 10: as refresher the edge refreshes at half time by itself, with the last session description', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const invite = now.peer.invite({ lines: [['Session-Expires', '200']] });
  const answer = await now.peer.response(200, 'INVITE');
  expect(answer.headers.get('session-expires')).toBe('200;refresher=uas');
  now.peer.ack({ invite, answer });
  await until(() => seen.acks.length === 1);
  now.clock.advance(100_000);
  const refresh = await now.peer.request('INVITE');
  expect(refresh.body.toString()).toBe(SDP);
  now.peer.reply(refresh, 200, { body: SDP });
  await now.peer.request('ACK');
  now.clock.advance(100_000);
  const again = await now.peer.request('INVITE');
  now.peer.reply(again, 481);
  await now.peer.request('BYE');
  await until(() => seen.destroyed.length === 1);
});
