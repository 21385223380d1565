/** RFC 3261 16 through `srf.proxyRequest`: serial and simultaneous forking, timeouts, redirects, the way of a dialog's later requests, and what is not relayed. */
import { expect, test } from 'vitest';
import type { SipRequest, SipResponse } from '../../sip/edge/message.ts';
import { until } from '../support/services.ts';
import { startTestEdge, type TestEdge } from './support/edges.ts';
import { ManualClock } from './support/manualClock.ts';
import { SDP, SipPeer } from './support/sipPeer.ts';
import type { AppMessage, ProxyResults, TestSrf } from './support/srf.ts';

interface Scene {
  readonly clock: ManualClock;
  readonly edge: TestEdge;
  readonly srf: TestSrf;
  readonly caller: SipPeer;
  readonly targets: readonly [SipPeer, SipPeer];
  readonly results: ProxyResults[];
  readonly failures: unknown[];
}

async function scene(
  options: object,
  order: (ports: number[]) => string[] = (ports) => ports.map((port) => `sip:bob@127.0.0.1:${port}`),
): Promise<Scene> {
  const clock = new ManualClock();
  const edge = await startTestEdge({ clock });
  const srf = await edge.connect();
  const targets = [await SipPeer.open(edge), await SipPeer.open(edge)] as const;
  const now: Scene = { clock, edge, srf, caller: await SipPeer.open(edge), targets, results: [], failures: [] };
  srf.invite((req: AppMessage) => {
    srf.proxyRequest(req, order(targets.map(({ port }) => port)), options).then(
      (result) => now.results.push(result),
      (error: unknown) => now.failures.push(error),
    );
  });
  return now;
}

async function leftBehind({ edge }: Scene): Promise<void> {
  expect(edge.figures.dialogs).toBe(0);
}

test('RFC 3261 16.7: one after the other; the first that answers is the call, and the application hears of both answers', async () => {
  const now = await scene({});
  const { caller, targets } = now;
  caller.invite();
  const first = await targets[0].request('INVITE');
  expect(first.headers.get('max-forwards')).toBe('69');
  expect(first.headers.list('via')).toHaveLength(2);
  expect(first.headers.get('record-route')).toBeUndefined();
  targets[0].reply(first, 180, { tag: 'a' });
  await caller.response(180);
  targets[0].reply(first, 486, { tag: 'a' });
  await targets[0].request('ACK');
  const second = await targets[1].request('INVITE');
  targets[1].reply(second, 200, { tag: 'b', body: SDP });
  const answer = await caller.response(200, 'INVITE');
  expect(answer.headers.list('via')).toHaveLength(1);
  expect(answer.headers.get('to')).toContain('tag=b');
  await until(() => now.results.length === 1);
  expect(now.results[0]).toMatchObject({ connected: true, finalStatus: 200 });
  expect(now.results[0]?.responses.flatMap(({ msgs }) => msgs.map(({ status }) => status))).toEqual([486, 200]);
  await leftBehind(now);
});

test('RFC 3261 16.7: all at once; the others are cancelled when one answers, a second 200 goes back too', async () => {
  const now = await scene({ forking: 'simultaneous' });
  const { caller, targets } = now;
  caller.invite();
  const [first, second] = [await targets[0].request('INVITE'), await targets[1].request('INVITE')];
  targets[0].reply(first, 180, { tag: 'a' });
  targets[1].reply(second, 180, { tag: 'b' });
  await until(() => caller.count('180 INVITE') === 2);
  targets[0].reply(first, 200, { tag: 'a', body: SDP });
  await caller.response(200, 'INVITE');
  const cancel = await targets[1].request('CANCEL');
  targets[1].reply(cancel, 200);
  targets[1].reply(second, 200, { tag: 'b', body: SDP });
  await until(() => caller.count('200 INVITE') === 2);
  await until(() => now.results.length === 1);
  const lost = caller.count('200 INVITE');
  targets[0].reply(first, 200, { tag: 'a', body: SDP });
  await until(() => caller.count('200 INVITE') === lost + 1);
});

test('RFC 3261 16.7 step 6: the best of the refusals goes back', async () => {
  const now = await scene({ forking: 'simultaneous' });
  const { caller, targets } = now;
  const invite = caller.invite();
  const [first, second] = [await targets[0].request('INVITE'), await targets[1].request('INVITE')];
  targets[0].reply(first, 503, { tag: 'a' });
  targets[1].reply(second, 486, { tag: 'b' });
  caller.ackFailure(invite, await caller.response(486, 'INVITE'));
  await until(() => now.results.length === 1);
  expect(now.results[0]).toMatchObject({ connected: false });
});

test('WIRE 6: a target that is silent for the provisional timeout, or rings for the final one, is given up for the next', async () => {
  const silent = await scene({ provisionalTimeout: '2s' });
  silent.caller.invite();
  await silent.targets[0].request('INVITE');
  silent.clock.advance(2_000);
  silent.targets[1].reply(await silent.targets[1].request('INVITE'), 200, { tag: 'b', body: SDP });
  await silent.caller.response(200, 'INVITE');

  const ringing = await scene({ finalTimeout: '20s' });
  ringing.caller.invite();
  ringing.targets[0].reply(await ringing.targets[0].request('INVITE'), 180, { tag: 'a' });
  await ringing.caller.response(180);
  ringing.clock.advance(20_000);
  await ringing.targets[0].request('CANCEL');
  ringing.targets[1].reply(await ringing.targets[1].request('INVITE'), 603, { tag: 'b' });
  await ringing.caller.response(603, 'INVITE');
});

test('RFC 3261 16.10: CANCEL goes to what rings', async () => {
  const { caller, targets, ...now } = await scene({});
  const invite = caller.invite();
  const forwarded = await targets[0].request('INVITE');
  targets[0].reply(forwarded, 180, { tag: 'a' });
  await caller.response(180);
  caller.cancel(invite);
  await caller.response(200, 'CANCEL');
  caller.ackFailure(invite, await caller.response(487, 'INVITE'));
  targets[0].reply(await targets[0].request('CANCEL'), 200);
  targets[0].reply(forwarded, 487, { tag: 'a' });
  await until(() => now.results.length === 1);
});

test('followRedirects: the contacts of a 302 are tried; without it the 302 goes back', async () => {
  const first = (ports: number[]): string[] => [`sip:bob@127.0.0.1:${ports[0]}`];
  const now = await scene({ followRedirects: true }, first);
  now.caller.invite();
  const redirected = await now.targets[0].request('INVITE');
  now.targets[0].reply(redirected, 302, { tag: 'a', contact: `<sip:new@127.0.0.1:${now.targets[1].port}>` });
  const invite = await now.targets[1].request('INVITE');
  expect(invite.uri).toBe(`sip:new@127.0.0.1:${now.targets[1].port}`);
  now.targets[1].reply(invite, 200, { tag: 'b', body: SDP });
  await now.caller.response(200, 'INVITE');

  const plain = await scene({}, first);
  plain.caller.invite();
  plain.targets[0].reply(await plain.targets[0].request('INVITE'), 302, { tag: 'a' });
  await plain.caller.response(302, 'INVITE');
});

test('RFC 3261 16.6 step 4: with remainInDialog later requests of both sides go through us, without the application', async () => {
  const now = await scene({ remainInDialog: true });
  const { caller, targets } = now;
  const invite = caller.invite();
  const forwarded = (await targets[0].request('INVITE')) as SipRequest;
  expect(forwarded.headers.list('record-route')[0]).toContain(`127.0.0.1:${now.edge.sipPort}`);
  targets[0].reply(forwarded, 200, { tag: 'a', body: SDP });
  const answer = (await caller.response(200, 'INVITE')) as SipResponse;
  const call = { invite, answer };
  const ack = caller.inCall(call, 'ACK', { seq: 1 });
  caller.send(ack);
  const arrived = await targets[0].request('ACK');
  expect(arrived.headers.list('route')).toEqual([]);
  const bye = targets[0].inAnsweredCall(forwarded, 'a', 'BYE', { seq: 9 });
  bye.headers.append('Route', forwarded.headers.list('record-route')[0] ?? '');
  targets[0].send(bye);
  const ended = await caller.request('BYE');
  caller.reply(ended, 200);
  await targets[0].response(200, 'BYE');
});

test('nobody uses us as a relay: a Route of ours without the proof, or of another call, is not followed', async () => {
  const now = await scene({ remainInDialog: true }, (ports) => [`sip:bob@127.0.0.1:${ports[0]}`]);
  const { caller, targets } = now;
  const invite = caller.invite();
  const forwarded = await targets[0].request('INVITE');
  const route = forwarded.headers.list('record-route')[0] ?? '';
  targets[0].reply(forwarded, 486, { tag: 'a' });
  caller.ackFailure(invite, await caller.response(486, 'INVITE'));
  for (const forged of [route, `<sip:127.0.0.1:${now.edge.sipPort};lr>`, route.replace(/proof=[0-9a-f]+/, 'proof=0')]) {
    const message = caller.newRequest('MESSAGE');
    message.uri = `sip:victim@127.0.0.1:${targets[1].port}`;
    message.headers.prepend('Route', forged);
    caller.send(message);
    await caller.response(503, 'MESSAGE');
  }
  expect(targets[1].received.filter((one) => one.kind === 'request' && one.method === 'MESSAGE')).toEqual([]);
});

test('RFC 3261 16.3: what has no hop left is refused with 483', async () => {
  const now = await scene({});
  const invite = now.caller.newRequest('INVITE', { body: SDP });
  invite.headers.set('Max-Forwards', '0');
  now.caller.send(invite);
  await now.caller.response(483, 'INVITE');
  await until(() => now.failures.length === 1);
  expect(now.failures).toEqual(['too many hops']);
});

test('WIRE 6: calls are told as they are attempted, answered and over', async () => {
  const now = await scene({ remainInDialog: true });
  const told: unknown[][] = [];
  for (const event of ['attempt', 'start', 'stop'])
    now.srf.on(`cdr:${event}`, (source: string, _time: string, ...rest: unknown[]) =>
      told.push([event, source, ...rest.filter((one) => typeof one === 'string')]),
    );
  const invite = now.caller.invite();
  const forwarded = await now.targets[0].request('INVITE');
  now.targets[0].reply(forwarded, 200, { tag: 'a', body: SDP });
  const answer = await now.caller.response(200, 'INVITE');
  now.caller.send(now.caller.inCall({ invite, answer }, 'BYE', { seq: 2 }));
  now.targets[0].reply(await now.targets[0].request('BYE'), 200);
  await until(() => told.length === 5);
  expect(told).toEqual([
    ['attempt', 'network'],
    ['attempt', 'application'],
    ['start', 'network', 'proxy-uac'],
    ['start', 'application', 'proxy-uas'],
    ['stop', 'network', 'normal-release'],
  ]);
});
