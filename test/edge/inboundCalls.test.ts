/** Calls that come in: what the edge does by itself (WIRE §7.1) and the races of an answer. The edge's time stands still unless a test moves it. */
import { expect, test } from 'vitest';
import { until } from '../support/services.ts';
import { answerAll, answered, scene } from './support/inboundScene.ts';
import { nameOf, SDP, toTag } from './support/sipPeer.ts';

test('RFC 3261 13.3.1.4: a 200 whose ACK is lost is repeated at T1, doubling to T2, and after 64*T1 the call is ended by BYE', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  await answered(now);
  await until(() => seen.dialogs.length === 1);
  const counts: number[] = [];
  for (const ms of [500, 1_000, 2_000, 4_000, 4_000]) {
    const before = now.peer.count('200 INVITE');
    now.clock.advance(ms);
    await until(() => now.peer.count('200 INVITE') > before);
    counts.push(now.peer.count('200 INVITE') - before);
  }
  expect(counts).toEqual([1, 1, 1, 1, 1]);
  now.clock.advance(20_500);
  const bye = await now.peer.request('BYE');
  expect(bye.headers.get('reason')).toBe('SIP;cause=200;text="ACK timeout"');
  await until(() => seen.destroyed.length === 1);
  expect(seen.destroyed[0]).toEqual({ reason: 'ACK timeout', method: 'BYE' });
  now.peer.reply(bye, 200);
  await until(() => now.edge.figures.dialogs === 0);
});

test('RFC 3261 13.3.1.4: the ACK ends the repetition and is told to the application; another ACK is not', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const call = await answered(now);
  now.peer.ack(call);
  await until(() => seen.acks.length === 1);
  now.peer.ack(call);
  now.clock.advance(60_000);
  const bye = now.peer.inCall(call, 'BYE', { seq: 2 });
  now.peer.send(bye);
  await now.peer.response(200, 'BYE');
  expect(now.peer.count('200 INVITE')).toBe(1);
  expect(seen.acks).toEqual(['ACK']);
  await until(() => seen.destroyed.length === 1);
  expect(seen.destroyed[0]?.reason).toBe('normal release');
});

test('RFC 3261 14.2: a 200 to a re-INVITE is repeated until its ACK too', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const call = await answered(now);
  now.peer.ack(call);
  await until(() => seen.acks.length === 1);
  now.peer.send(now.peer.inCall(call, 'INVITE', { seq: 2, body: SDP.replace('sendrecv', 'sendonly') }));
  await until(() => now.peer.count('200 INVITE') === 2);
  now.clock.advance(500);
  await until(() => now.peer.count('200 INVITE') === 3);
  now.clock.advance(1_000);
  await until(() => now.peer.count('200 INVITE') === 4);
  now.peer.ack(call, { seq: 2 });
  await until(() => seen.acks.length === 2);
  now.clock.advance(30_000);
  expect(now.peer.count('200 INVITE')).toBe(4);
  expect(now.peer.count('BYE')).toBe(0);
});

test('RFC 3261 14.2: a re-INVITE that is never acknowledged ends the call', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const call = await answered(now);
  now.peer.ack(call);
  await until(() => seen.acks.length === 1);
  now.peer.send(now.peer.inCall(call, 'INVITE', { seq: 2, body: SDP }));
  await until(() => now.peer.count('200 INVITE') === 2);
  now.clock.advance(32_000);
  await now.peer.request('BYE');
  await until(() => seen.destroyed.length === 1);
});

test('RFC 3261 9.2: CANCEL while it rings: 200, 487, the application is told, and its late answer is refused', async () => {
  const now = await scene();
  let isCancelled = false;
  let late: unknown;
  now.srf.invite((req, res) => {
    res.send(180);
    req.on('cancel', () => {
      isCancelled = true;
      res.send(200, { body: SDP }, (error: unknown) => {
        late = error;
      });
    });
  });
  const invite = now.peer.invite();
  const ringing = await now.peer.response(180);
  now.peer.cancel(invite);
  await now.peer.response(200, 'CANCEL');
  const refused = await now.peer.response(487, 'INVITE');
  expect(toTag(refused)).toBe(toTag(ringing));
  now.peer.ackFailure(invite, refused);
  await until(() => isCancelled && late !== undefined);
  expect(late).toBe('Response not sent due to unknown transaction');
  await until(() => now.edge.figures.dialogs === 0);
});

test('RFC 3261 9.2: CANCEL that crosses the 200 changes nothing: the call stands until its BYE', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const call = await answered(now);
  now.peer.cancel(call.invite);
  // The transaction still absorbs what comes of its INVITE, so the CANCEL is known; the answer stands all the same.
  await now.peer.next((message) => nameOf(message) === '200 CANCEL' || nameOf(message) === '481 CANCEL');
  now.peer.ack(call);
  await until(() => seen.acks.length === 1);
  expect(now.peer.count('487 INVITE')).toBe(0);
  expect(seen.destroyed).toEqual([]);
  now.peer.send(now.peer.inCall(call, 'BYE', { seq: 2 }));
  await now.peer.response(200, 'BYE');
  await until(() => seen.destroyed.length === 1);
});

test('RFC 3261 15: a caller who gives up by BYE while it rings gets 200 and the 487 of his INVITE; the application is told', async () => {
  const now = await scene();
  let isCancelled = false;
  now.srf.invite((req, res) => {
    req.on('cancel', () => {
      isCancelled = true;
    });
    res.send(180);
  });
  const invite = now.peer.invite();
  const ringing = await now.peer.response(180);
  now.peer.send(now.peer.inCall({ invite, answer: ringing }, 'BYE', { seq: 2 }));
  await now.peer.response(200, 'BYE');
  await until(() => now.peer.count('487 INVITE') === 1);
  await until(() => isCancelled);
});

test('WIRE 7.1: a repeated INVITE gets the last provisional again, and the application hears of one', async () => {
  const now = await scene();
  let calls = 0;
  now.srf.invite((_req, res) => {
    calls++;
    res.send(183, { body: SDP });
  });
  const invite = now.peer.invite();
  await now.peer.response(183);
  now.peer.send(invite);
  await until(() => now.peer.count('183 INVITE') === 2);
  expect(calls).toBe(1);
});

test('WIRE 7.1: without an application INVITE gets 100 and 503, other requests 503', async () => {
  const now = await scene();
  const invite = now.peer.invite();
  await now.peer.response(100);
  now.peer.ackFailure(invite, await now.peer.response(503, 'INVITE'));
  now.peer.send(now.peer.newRequest('OPTIONS'));
  await now.peer.response(503, 'OPTIONS');
});

test('RFC 3261 12.2.2: what names a dialog that nobody knows gets 481', async () => {
  const now = await scene();
  answerAll(now.srf);
  for (const method of ['INVITE', 'BYE', 'UPDATE', 'INFO', 'NOTIFY']) {
    const request = now.peer.newRequest(method);
    request.headers.set('To', `${request.headers.get('to')};tag=nobody`);
    now.peer.send(request);
    await now.peer.response(481, method);
  }
});

test('RFC 3261 8.2.2.2: the same request by another way is refused with 482', async () => {
  const now = await scene();
  now.srf.invite((_req, res) => res.send(180));
  const invite = now.peer.invite();
  await now.peer.response(180);
  const again = now.peer.newRequest('INVITE', { body: SDP });
  for (const name of ['From', 'Call-ID', 'CSeq']) again.headers.set(name, invite.headers.get(name) ?? '');
  now.peer.send(again);
  await now.peer.response(482, 'INVITE');
});

test('RFC 3261 16.3: a second call under the names of one that rings or stands is refused with 482; the first goes on, and afterwards they are free', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const call = await answered(now);
  const again = now.peer.newRequest('INVITE', { body: SDP, seq: 2 });
  for (const name of ['From', 'Call-ID']) again.headers.set(name, call.invite.headers.get(name) ?? '');
  now.peer.send(again);
  await now.peer.response(482, 'INVITE');
  expect(now.edge.figures.dialogs).toBe(1);
  now.peer.ack(call);
  now.peer.send(now.peer.inCall(call, 'BYE', { seq: 3 }));
  await now.peer.response(200, 'BYE');
  again.headers.set('Via', now.peer.via());
  again.headers.set('CSeq', '4 INVITE');
  now.peer.send(again);
  await now.peer.response(200, 'INVITE');
  await until(() => seen.dialogs.length === 2);
});

test('an INVITE that an application never answers is refused with 500, and the application hears that it is over', async () => {
  const now = await scene();
  const cancelled: string[] = [];
  now.srf.invite((req) => req.on('cancel', () => cancelled.push(req.get('Call-ID') ?? '')));
  const invite = now.peer.invite();
  await now.peer.response(100);
  await until(() => now.edge.figures.incoming === 1);
  now.clock.advance(60_000);
  now.peer.ackFailure(invite, await now.peer.response(500, 'INVITE'));
  await until(() => cancelled.length === 1);
  expect(cancelled).toEqual([invite.headers.get('call-id')]);
  expect(now.edge.figures.incoming).toBe(0);
});

test('RFC 3261 12.2.2: a request older than the last one in its dialog is refused with 500', async () => {
  const now = await scene();
  answerAll(now.srf);
  const call = await answered(now);
  now.peer.ack(call);
  now.peer.send(now.peer.inCall(call, 'INFO', { seq: 5 }));
  await now.peer.response(200, 'INFO');
  now.peer.send(now.peer.inCall(call, 'INFO', { seq: 4 }));
  await now.peer.response(500, 'INFO');
});

test('RFC 3261 14.2: a re-INVITE that meets ours gets 491, one upon another gets 500 with Retry-After', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const call = await answered(now);
  now.peer.ack(call);
  await until(() => seen.acks.length === 1);
  const modified = seen.dialogs[0]?.modify(SDP.replace('15000', '15002')).catch((error: { status: number }) => error.status);
  const ours = await now.peer.request('INVITE');
  now.peer.send(now.peer.inCall(call, 'INVITE', { seq: 2, body: SDP }));
  const refused = await now.peer.response(491, 'INVITE');
  expect(refused.headers.get('cseq')).toBe('2 INVITE');
  now.peer.reply(ours, 491);
  expect(await modified).toBe(491);
  await until(() => now.peer.count('ACK') === 1);

  seen.dialogs[0]?.on('modify', () => undefined);
  now.peer.send(now.peer.inCall(call, 'INVITE', { seq: 3, body: SDP.replace('sendrecv', 'inactive') }));
  await until(() => now.peer.count('100 INVITE') >= 3);
  now.peer.send(now.peer.inCall(call, 'INVITE', { seq: 4, body: SDP }));
  const later = await now.peer.response(500, 'INVITE');
  expect(Number(later.headers.get('retry-after'))).toBeLessThanOrEqual(10);
});

test('RFC 3261 15.1: a BYE of ours waits for the ACK of our 200', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const call = await answered(now);
  await until(() => seen.dialogs.length === 1);
  void seen.dialogs[0]?.destroy();
  now.clock.advance(500);
  await until(() => now.peer.count('200 INVITE') === 2);
  expect(now.peer.count('BYE')).toBe(0);
  now.peer.ack(call);
  now.peer.reply(await now.peer.request('BYE'), 200);
  await until(() => now.edge.figures.dialogs === 0);
});

test('a BYE of ours that waits for an ACK which never comes is answered to the application', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  await answered(now);
  await until(() => seen.dialogs.length === 1);
  const over = seen.dialogs[0]?.destroy().then(
    () => 'sent',
    (error: Error) => error.message,
  );
  await now.edge.settled();
  now.clock.advance(500);
  await until(() => now.peer.count('200 INVITE') === 2);
  now.clock.advance(32_000);
  now.peer.reply(await now.peer.request('BYE'), 200);
  expect(await over).toContain('unable to find dialog');
  await until(() => now.edge.figures.dialogs === 0);
});

test('a 200 that waits for a PRACK when the CANCEL comes is refused', async () => {
  const now = await scene();
  let late: unknown;
  now.srf.invite((req, res) => {
    req.on('cancel', () => undefined);
    res.send(180, { headers: { Require: '100rel' } });
    res.send(200, { body: SDP }, (error) => {
      late = error;
    });
  });
  const invite = now.peer.invite({ lines: [['Supported', '100rel']] });
  await now.peer.response(180);
  now.peer.cancel(invite);
  now.peer.ackFailure(invite, await now.peer.response(487, 'INVITE'));
  await until(() => late === 'Response not sent due to unknown transaction');
  await until(() => now.edge.figures.dialogs === 0);
});

test('WIRE 4: the application may choose the tag, Contact and headers of its answer; our address stands for localhost', async () => {
  const now = await scene();
  now.srf.invite((_req, res) => {
    res.send(200, {
      body: SDP,
      headers: { To: 'x;tag=chosen@by-app', Contact: '<sip:here@localhost>', 'x-thing': 'as it is', 'user-agent': 'Test' },
    });
  });
  const { answer } = await answered(now);
  expect(toTag(answer)).toBe('chosen.by-app');
  expect(answer.headers.get('contact')).toBe(`<sip:here@127.0.0.1:${now.edge.sipPort}>`);
  const names = [...answer.headers.lines()].map(([name]) => name);
  expect(names).toContain('x-thing');
  expect(names).toContain('User-Agent');
  expect(answer.headers.get('content-type')).toBe('application/sdp');
});

test('two applications take calls in turn, and each hears the rest of its own', async () => {
  const now = await scene();
  const first = answerAll(now.srf);
  const second = answerAll(await now.edge.connect());
  const calls = [];
  for (let index = 0; index < 4; index++) {
    const call = await answered(now);
    now.peer.ack(call);
    calls.push(call);
  }
  await until(() => first.acks.length + second.acks.length === 4);
  expect([first.dialogs.length, second.dialogs.length]).toEqual([2, 2]);
  for (const call of calls) now.peer.send(now.peer.inCall(call, 'BYE', { seq: 2 }));
  await until(() => first.destroyed.length === 2 && second.destroyed.length === 2);
});

test('a call leaves no timer behind', async () => {
  const now = await scene();
  const seen = answerAll(now.srf);
  const before = now.clock.waiting;
  const call = await answered(now);
  now.peer.ack(call);
  await until(() => seen.acks.length === 1);
  now.peer.send(now.peer.inCall(call, 'BYE', { seq: 2 }));
  await until(() => seen.destroyed.length === 1);
  await now.peer.response(200, 'BYE');
  await until(() => now.edge.figures.incoming === 0);
  // Transactions absorb repetitions for 32 s more.
  now.clock.advance(32_000);
  expect(now.clock.waiting).toBe(before);
});
