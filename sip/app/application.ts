/**
 * The SIP application of one process, put together: links to servers, media processes, the calls, the log, the mailbox. Made by the role (and by tests), which gives it
 * an engine and says where servers and media are. No branch here or below names a kind of server.
 *
 * Closing order: no new calls (503) → calls may end for the drain's time → what is left is hung up → debts to the engine → mailbox, tail, media, links.
 */
import type { SilenceLimits } from '../../config/limits.ts';
import { type QueueVoice, voiceDefaults } from '../../queues/config.ts';
import type { Engine } from '../../queues/engine.ts';
import type { PhoneDoc } from '../../queues/phones.ts';
import { AppError } from '../../src/base/errors.ts';
import type { UserId } from '../../src/base/ids.ts';
import type { Logger } from '../../src/base/log.ts';
import { type Loop, repeat } from '../../src/base/loop.ts';
import type { Call } from '../flows/call.ts';
import { carryOut } from '../flows/commands.ts';
import { interactionOf, tellCall } from '../flows/events.ts';
import { customerGone } from '../flows/hangUp.ts';
import { moveMedia } from '../flows/moveMedia.ts';
import { tellQuality } from '../flows/quality.ts';
import { reactions } from '../flows/reactions.ts';
import { offered } from '../flows/ringing.ts';
import { Silence } from '../flows/silence.ts';
import type { Switchboard } from '../flows/switchboard.ts';
import { takeOver } from '../flows/takeOver.ts';
import { callerPressed } from '../flows/waiting.ts';
import type { Authenticator } from '../registrar/authenticator.ts';
import type { RtpEvent } from '../rtp/protocol.ts';
import { CarriedCalls } from './calls.ts';
import { Debts } from './debts.ts';
import { createDialOut, type DialOutOptions } from './dialOut.ts';
import { Dialogs } from './dialog.ts';
import { type GuardLimits, Guards } from './guards.ts';
import { Intake } from './intake.ts';
import { keepCalls } from './lapse.ts';
import type { Link, ServerAddress } from './link.ts';
import { Links } from './links.ts';
import { Media, type MediaOptions } from './media.ts';
import { Notes } from './notes.ts';
import { Recent } from './recent.ts';
import { Recovery } from './recovery.ts';
import { Rejoin } from './rejoin.ts';
import type { IncomingRequest, OutgoingResponse } from './srf.ts';
import { ACCEPT, ALLOW, notUnderstood } from './understood.ts';
import { Wheel } from './wheel.ts';

export interface ApplicationOptions {
  readonly engine: Engine;
  readonly log: Logger;
  /** By this name servers know us. */
  readonly nodeId: string;
  readonly servers: () => Promise<readonly ServerAddress[]>;
  readonly connectMedia: MediaOptions['connect'];
  readonly secretOf: DialOutOptions['secretOf'];
  /** How long a minute of talk is, as trunks count it (VOX-6). */
  readonly minuteMs?: number;
  readonly limits: GuardLimits;
  readonly silence: SilenceLimits;
  readonly drainMs: number;
  /** After which a server that is away is gone, with its calls. */
  readonly serverGoneMs?: number;
  /** REGISTER and what else is no call; the answer is the handler's. */
  readonly registrar?: (link: Link, request: IncomingRequest, response: OutgoingResponse) => void;
  /** Asks phones that place calls for their password; absent: they place none. */
  readonly authenticator?: Pick<Authenticator, 'judge' | 'blockedSec'>;
}

export interface SipApplication {
  readonly calls: CarriedCalls;
  readonly links: Links;
  readonly media: Media;
  close(): Promise<void>;
}

/** Of new requests; what belongs to a dialog comes to who made it. */
const METHODS = ['invite', 'register', 'options', 'bye', 'refer', 'info', 'update', 'subscribe', 'notify', 'message', 'publish', 'prack'];
const REFRESH_MS = 1_000;
/** Who carries a call is said again so often; looked through more often, so that thousands of calls are not said in one go. */
const CARRY_MS = 3_000;
const CARRY_TURN_MS = 250;
const PLACES_MS = 3_000;
const NAMES_MS = 5_000;

export async function startApplication(options: ApplicationOptions): Promise<SipApplication> {
  const { engine, log } = options;
  const wheel = new Wheel();
  const dialogs = new Dialogs();
  const calls = new CarriedCalls(wheel);
  const debts = new Debts(log);
  const notes = new Notes();
  const guards = new Guards(options.limits);
  /** By which servers know us. */
  const tag = options.nodeId.slice(-32);
  const rejoin = new Rejoin({ dialogs, wheel, log, tag, goneMs: options.serverGoneMs });
  const media = new Media({
    connect: options.connectMedia,
    nodes: () => engine.phones.nodes('rtp'),
    onEvent: (event) => mediaTold(calls, event),
    callsAt: (node) => [...calls.all()].filter(({ media: at }) => at === node).map(({ id }) => id),
    onLegs: (node, legs) => {
      for (const call of [...calls.all()]) if (call.media === node && call.legs.some((leg) => !legs.has(leg.id))) void moveMedia(call);
    },
    log,
  });
  const links = new Links({
    servers: options.servers,
    methods: METHODS,
    tag,
    log,
    onRequest,
    onUp: (link) => void rejoin.back(link),
    onDown: (link) => rejoin.lost(link),
  });
  const tail = engine.feeds.tail({
    onEntry(entry) {
      const call = calls.ofInteraction(interactionOf(entry) ?? '');
      if (!call || call.isOver) return;
      try {
        tellCall(call, entry);
      } catch (error) {
        log.error({ err: error, call: call.id, type: entry.type }, 'event.failed');
      }
    },
    onGap: () => log.warn('tail.gap'),
  });
  // Of our own commands, whose match is known with their answers: the next caller rings before the log is read.
  const forgetOffers = engine.onOffers((offers) => {
    for (const offer of offers) {
      const call = calls.ofInteraction(offer.interactionId);
      if (call) offered(call, offer);
    }
  });
  const followed = new Map<number, Promise<unknown>>();
  const agents = new Recent<string>(NAMES_MS);
  const voices = new Recent<QueueVoice>(NAMES_MS);
  const phones = new Recent<readonly PhoneDoc[]>(REFRESH_MS);

  const board: Switchboard = {
    engine,
    log,
    media,
    dialogs,
    calls,
    wheel,
    reactions,
    stories: { takeOver },
    silence: options.silence,
    dialOut: createDialOut({
      engine,
      dialogs,
      wheel,
      log,
      link: (server) => (server === undefined ? links.any() : links.get(server)),
      secretOf: options.secretOf,
      ...(options.minuteMs === undefined ? {} : { minuteMs: options.minuteMs }),
    }),
    names: { agent: (scope, id) => agents.get(id, async () => (await engine.config.agent(scope, id))?.name ?? '') },
    phonesOf: (scope, id: UserId) => phones.get(id, () => engine.phones.phonesOf(scope, id)),
    mayRedial: () => recovery.mayRedial,
    voice: (scope, id) => voices.get(id, async () => (await engine.config.queue(scope, id))?.voice ?? voiceDefaults),
    follow(scope) {
      let following = followed.get(scope.partition);
      if (!following) {
        following = tail.include(scope);
        followed.set(scope.partition, following);
        following.catch(() => followed.delete(scope.partition));
      }
      return following;
    },
    carry(call) {
      notes.flush();
      void carry([call]).catch((error: unknown) => log.debug({ err: error, call: call.id }, 'call.carry.failed'));
    },
    save: (call) =>
      void engine.phones.saveCall(call.id, JSON.stringify(call.saved)).then(
        () => (call.isSaved = true),
        (error: unknown) => log.warn({ err: error, call: call.id }, 'call.unsaved'),
      ),
    forget: (call) => notes.add(() => void debts.owe('forget', () => engine.phones.forgetCall(call.id))),
    later: (work) => notes.add(work),
    link: (server) => links.get(server),
    owe: (what, work) => debts.owe(what, work),
  };
  async function carry(carried: readonly Call[]): Promise<void> {
    if (carried.length === 0) return;
    for (const call of carried) call.carriedAt = performance.now();
    await engine.phones.carry(carried.map(({ id, interaction }) => ({ call: id, interaction })));
  }
  const recovery = new Recovery(board, tag);
  const intake = new Intake(board, guards, options.authenticator);

  function onRequest(link: Link, request: IncomingRequest, response: OutgoingResponse): void {
    const refused = notUnderstood(request);
    if (refused) return response.send(refused.status, { headers: refused.headers });
    const dialog = request.stackDialogId ? dialogs.get(request.stackDialogId) : undefined;
    if (dialog) {
      // An adopted dialog may come by another link than the one it was saved with.
      dialog.link = link;
      return dialog.handle(request, response);
    }
    switch (request.method) {
      case 'ACK':
        return;
      case 'INVITE':
        if (!request.isNewInvite) return response.send(481);
        return void intake.invite(link, request, response).catch((error: unknown) => {
          log.error({ err: error }, 'invite.failed');
          if (!response.finalResponseSent) response.send(error instanceof AppError ? 503 : 500);
        });
      case 'REGISTER':
        return options.registrar ? options.registrar(link, request, response) : response.send(405, { headers: { Allow: ALLOW } });
      case 'OPTIONS':
        return response.send(200, { headers: { Accept: ACCEPT, Allow: ALLOW } });
      case 'BYE':
      case 'UPDATE':
      case 'INFO':
      case 'PRACK':
        return response.send(481);
      case 'REFER':
        return response.send(403);
      default:
        return response.send(405, { headers: { Allow: ALLOW } });
    }
  }

  const announce = (): Promise<void> =>
    engine.phones.announce({
      kind: 'sip',
      host: '127.0.0.1',
      port: 1,
      load: Math.min(1, guards.lagMs / options.limits.lagMs),
      isDraining: guards.isDraining,
    });
  await announce();
  await Promise.all([links.refresh(), media.refresh()]);
  const mailbox = engine.phones.serve(async ({ call: id, body }) => {
    const call = calls.get(id) ?? calls.ofInteraction(id);
    if (!call || call.isOver) throw new AppError('gone');
    return carryOut(call, body);
  });
  const loops: Loop[] = [
    repeat('links', REFRESH_MS, () => links.refresh(), log),
    repeat('media', REFRESH_MS, () => media.refresh(), log),
    repeat('announce', REFRESH_MS, announce, log),
    repeat('recovery', REFRESH_MS, () => recovery.turn(), log),
    repeat('places', PLACES_MS, () => board.dialOut.keepPlaces(), log),
    repeat('carry', CARRY_TURN_MS, () => carry([...calls.all()].filter((call) => performance.now() - call.carriedAt >= CARRY_MS)), log),
  ];
  // Not waited for: the new lease is joined by what is asked here.
  engine.lease.onLost(() => void keepCalls(board, [...calls.all()]));

  return {
    calls,
    links,
    media,
    async close() {
      guards.isDraining = true;
      await Promise.race([calls.empty(), new Promise((resolve) => setTimeout(resolve, options.drainMs).unref())]);
      for (const call of [...calls.all()]) customerGone(call, 'stopped');
      await Promise.all(loops.map((loop) => loop.close()));
      notes.flush();
      await debts.close();
      forgetOffers();
      await mailbox.close();
      await tail.close();
      media.close();
      links.close();
      dialogs.close();
      guards.close();
      wheel.close();
    },
  };
}

function mediaTold(calls: CarriedCalls, event: RtpEvent): void {
  if (event.event === 'leg.closed') return calls.closed(event.leg as never, event.stats);
  const found = calls.ofLeg(event.leg as never);
  if (!found || found.leg.isOver) return;
  const { call, leg } = found;
  switch (event.event) {
    case 'leg.key':
      return leg.role === 'customer' ? callerPressed(call, event.key) : undefined;
    case 'play.ended':
      return call.playbackEnded(leg.id, event.playback, event.reason);
    case 'leg.silent':
      return Silence.begin(call, leg);
    case 'leg.heard':
      return leg.silence?.over();
    case 'leg.quality':
      return tellQuality(call, leg, event.quality);
  }
}
