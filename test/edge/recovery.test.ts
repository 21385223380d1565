/** DESIGN §6, "Call recovery": the application dies, its calls stay up, a restarted one goes on with them through drachtio-srf. */
import Srf from 'drachtio-srf';
import { expect, test } from 'vitest';
import type { AdoptedDialog } from '../../sip/edge/protocol.ts';
import { until } from '../support/services.ts';
import { ControlClient } from './support/controlClient.ts';
import { kill, SECRET, startTestEdge, type TestEdge } from './support/edges.ts';
import { ManualClock } from './support/manualClock.ts';
import { type PeerCall, SDP, SipPeer } from './support/sipPeer.ts';
import type { AppDialog, AppMessage, AppResponse, TestSrf } from './support/srf.ts';

interface Scene {
  readonly clock: ManualClock;
  readonly edge: TestEdge;
  readonly srf: TestSrf;
  readonly peer: SipPeer;
}

async function scene(): Promise<Scene> {
  const clock = new ManualClock();
  const edge = await startTestEdge({ clock });
  const srf = await edge.connect(['first']);
  srf.invite((req, res) => {
    if (req.uri.includes('ring')) res.send(180);
    else void srf.createUAS(req, res, { localSdp: SDP });
  });
  return { clock, edge, srf, peer: await SipPeer.open(edge) };
}

/** A call that is up; then its application is lost. */
async function orphaned({ edge, srf, peer }: Scene): Promise<PeerCall> {
  const invite = peer.invite();
  const call = { invite, answer: await peer.response(200, 'INVITE') };
  peer.ack(call);
  await until(() => edge.figures.dialogs === 1);
  kill(srf);
  await until(() => edge.figures.applications === 0);
  return call;
}

/** What a restarted application does with a dialog it adopted: drachtio-srf's own objects, made again from the texts. */
function asDialog(srf: TestSrf, adopted: AdoptedDialog): AppDialog {
  const { role, request, response, protocol, address, port, id } = adopted;
  const meta = { source: 'network', address, port: String(port), protocol, time: '', transactionId: '', dialogId: id };
  const { SipMessage, SipRequest, SipResponse, Dialog } = Srf as unknown as Record<
    string,
    new (
      ...args: unknown[]
    ) => Record<string, unknown>
  >;
  const req = new (SipRequest as NonNullable<typeof SipRequest>)(new (SipMessage as NonNullable<typeof SipMessage>)(request), meta);
  const res = new (SipResponse as NonNullable<typeof SipResponse>)(srf.app.client);
  Object.assign(req, { agent: srf.app.client });
  res['msg'] = new (SipMessage as NonNullable<typeof SipMessage>)(response);
  res['meta'] = meta;
  const sent = new (SipMessage as NonNullable<typeof SipMessage>)(response);
  const dialog = new (Dialog as NonNullable<typeof Dialog>)(srf, role, { req, res, sent }) as unknown as AppDialog;
  srf.addDialog(dialog);
  return dialog;
}

async function restarted({ edge }: Scene, tag = 'second'): Promise<{ srf: TestSrf; control: ControlClient }> {
  const srf = await edge.connect([tag]);
  const control = await ControlClient.open(edge.wirePort);
  await control.get({ do: 'hello', secret: SECRET, application: tag });
  return { srf, control };
}

test('the application dies: the call stays up, the restarted one lists and adopts it, and goes on with it by drachtio-srf', async () => {
  const now = await scene();
  const call = await orphaned(now);
  const { srf, control } = await restarted(now);
  const listed = (await control.get({ do: 'list' })).dialogs ?? [];
  expect(listed).toMatchObject([{ role: 'uas', usage: 'invite', state: 'confirmed', isOrphan: true, owner: [] }]);
  const { adopted = [] } = await control.get({ do: 'adopt', dialogs: listed.map(({ id }) => id) });
  const dialog = asDialog(srf, adopted[0] as AdoptedDialog);
  expect(dialog.id).toBe(listed[0]?.id);
  expect([dialog.local.sdp, dialog.remote.sdp]).toEqual([SDP, SDP]);
  now.clock.advance(20_000);
  expect(now.peer.count('BYE')).toBe(0);

  const heard: string[] = [];
  dialog.on('info', (_req: AppMessage, res: AppResponse) => {
    heard.push('info');
    res.send(200);
  });
  dialog.on('destroy', () => heard.push('destroy'));
  now.peer.send(now.peer.inCall(call, 'INFO', { seq: 2 }));
  await now.peer.response(200, 'INFO');
  const modified = dialog.modify(SDP.replace('sendrecv', 'sendonly'));
  const reinvite = await now.peer.request('INVITE');
  now.peer.reply(reinvite, 200, { body: SDP });
  await modified;
  await now.peer.request('ACK');
  now.peer.send(now.peer.inCall(call, 'BYE', { seq: 3 }));
  await now.peer.response(200, 'BYE');
  await until(() => heard.length === 2);
  expect(heard).toEqual(['info', 'destroy']);
  expect((await control.get({ do: 'list' })).dialogs).toEqual([]);
});

test('an adopted call that the application made is hung up by it', async () => {
  const now = await scene();
  const made = now.srf.createUAC(`sip:bob@127.0.0.1:${now.peer.port}`, { localSdp: SDP });
  const invite = await now.peer.request('INVITE');
  now.peer.reply(invite, 200, { tag: 'a', body: SDP });
  await made;
  await now.peer.request('ACK');
  kill(now.srf);
  await until(() => now.edge.figures.applications === 0);
  const { srf, control } = await restarted(now);
  const id = (await made).id;
  const { adopted = [] } = await control.get({ do: 'adopt', dialogs: [id, id, 'nobody;from-tag=x'] });
  expect(adopted.map((one) => one.role)).toEqual(['uac', 'uac']);
  const over = asDialog(srf, adopted[0] as AdoptedDialog).destroy();
  const bye = await now.peer.request('BYE');
  expect(bye.headers.get('to')).toContain('tag=a');
  now.peer.reply(bye, 200);
  await over;
  await until(() => now.edge.figures.dialogs === 0);
});

test('what nobody adopts in 10 s is ended by BYE', async () => {
  const now = await scene();
  await orphaned(now);
  now.clock.advance(9_900);
  expect(now.peer.count('BYE')).toBe(0);
  now.clock.advance(200);
  const bye = await now.peer.request('BYE');
  expect(bye.headers.get('reason')).toContain('Application lost');
  now.peer.reply(bye, 200);
  await until(() => now.edge.figures.dialogs === 0);
  expect(now.edge.figures).toMatchObject({ callsOrphaned: 1, callsAdopted: 0, unsolicitedByes: 1 });
});

test('a caller who hangs up while nobody carries the call is answered', async () => {
  const now = await scene();
  const call = await orphaned(now);
  now.peer.send(now.peer.inCall(call, 'BYE', { seq: 2 }));
  await now.peer.response(200, 'BYE');
  await until(() => now.edge.figures.dialogs === 0);
  const { control } = await restarted(now);
  expect((await control.get({ do: 'list' })).dialogs).toEqual([]);
});

test('a re-INVITE while nobody carries the call waits for the one that adopts it', async () => {
  const now = await scene();
  const call = await orphaned(now);
  now.peer.send(now.peer.inCall(call, 'INVITE', { seq: 2, body: SDP.replace('sendrecv', 'sendonly') }));
  await until(() => now.peer.count('100 INVITE') === 2);
  const { srf, control } = await restarted(now);
  srf.invite((_req, res) => res.send(200, { body: SDP }));
  await control.get({ do: 'adopt', dialogs: (await control.get({ do: 'list' })).dialogs?.map(({ id }) => id) ?? [] });
  await until(() => now.peer.count('200 INVITE') === 2);
});

test('what rings when the application dies is refused with 503, what it lets ring is cancelled', async () => {
  const now = await scene();
  const ringing = now.peer.newRequest('INVITE', { body: SDP, user: 'ring' });
  now.peer.send(ringing);
  await now.peer.response(180);
  void now.srf.createUAC(`sip:bob@127.0.0.1:${now.peer.port}`, { localSdp: SDP }).catch(() => undefined);
  const invite = await now.peer.request('INVITE');
  now.peer.reply(invite, 180, { tag: 'a' });
  await until(() => now.edge.figures.dialogs === 2);
  kill(now.srf);
  await until(() => now.peer.count('503 INVITE') === 1 && now.peer.count('CANCEL') === 1);
  const cancel = await now.peer.request('CANCEL');
  now.peer.reply(cancel, 200, { tag: 'a' });
  now.peer.reply(invite, 487, { tag: 'a' });
  await until(() => now.edge.figures.dialogs === 0);
});

test('a call that is answered at the moment its application dies is acknowledged, and ended when nobody adopts it', async () => {
  const now = await scene();
  void now.srf.createUAC(`sip:bob@127.0.0.1:${now.peer.port}`, { localSdp: SDP }).catch(() => undefined);
  const invite = await now.peer.request('INVITE');
  kill(now.srf);
  await until(() => now.edge.figures.applications === 0);
  now.peer.reply(invite, 200, { tag: 'a', body: SDP });
  await now.peer.request('ACK');
  now.peer.reply(await now.peer.request('BYE'), 200);
  await until(() => now.edge.figures.dialogs === 0);
});

test('another application may adopt nothing that has a carrier, and needs the secret and a connection of its own', async () => {
  const now = await scene();
  const invite = now.peer.invite();
  now.peer.ack({ invite, answer: await now.peer.response(200, 'INVITE') });
  const { control } = await restarted(now);
  const listed = (await control.get({ do: 'list' })).dialogs ?? [];
  expect(listed[0]?.owner).toEqual(['first']);
  expect((await control.get({ do: 'adopt', dialogs: [listed[0]?.id ?? ''] })).adopted).toEqual([]);
  const stranger = await ControlClient.open(now.edge.wirePort);
  expect(await stranger.ask({ do: 'list' })).toMatchObject({ ok: false, code: 'unauthenticated' });
  const wrong = await ControlClient.open(now.edge.wirePort);
  expect(await wrong.ask({ do: 'hello', secret: 'guessed', application: 'x' })).toMatchObject({ ok: false, code: 'unauthenticated' });
  const loose = await ControlClient.open(now.edge.wirePort);
  await loose.get({ do: 'hello', secret: SECRET, application: 'nowhere' });
  expect(await loose.ask({ do: 'adopt', dialogs: ['x'] })).toMatchObject({ ok: false, code: 'no_application' });
  await control.get({ do: 'kill', dialog: listed[0]?.id ?? '' });
  now.peer.reply(await now.peer.request('BYE'), 200);
  await until(async () => (await control.get({ do: 'stats' })).stats?.['dialogs'] === 0);
  expect(await control.ask({ do: 'kill', dialog: 'nobody' })).toMatchObject({ ok: false, code: 'unknown_dialog' });
});

test('a surviving application may use the dialogs of a dead one by their id', async () => {
  const now = await scene();
  const survivor = await now.edge.connect(['other']);
  const call = await (async () => {
    const invite = now.peer.invite();
    const made = { invite, answer: await now.peer.response(200, 'INVITE') };
    now.peer.ack(made);
    await until(() => now.edge.figures.dialogs === 1);
    kill(now.srf);
    await until(() => now.edge.figures.applications === 1);
    return made;
  })();
  const id = `${call.invite.headers.get('call-id')};from-tag=${/tag=(.*)/.exec(call.invite.headers.get('from') ?? '')?.[1]}`;
  const { request } = (survivor as unknown as { app: { request(options: object, done: (error: unknown, sent: AppMessage) => void): void } })
    .app;
  const status = new Promise<number>((resolve) => {
    request.call((survivor as unknown as { app: object }).app, { method: 'BYE', stackDialogId: id }, (_error, sent) =>
      sent.on('response', (response: AppMessage) => resolve(response.status)),
    );
  });
  now.peer.reply(await now.peer.request('BYE'), 200);
  expect(await status).toBe(200);
  await until(() => now.edge.figures.dialogs === 0);
});
