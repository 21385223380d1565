/**
 * The first frame: who is it, and may they be here. Moves a socket from greeting to visitor or agent, shows presence, and replies with what the
 * client needs to begin. A hello that is refused for good closes the socket after its error reply; one that may be repeated leaves it open.
 */

import type { z } from 'zod';
import type { AccountDoc } from '../../queues/config.ts';
import { can } from '../auth/can.ts';
import { contactOfToken, isVisitorToken, newVisitorToken } from '../auth/visitorToken.ts';
import { withVisits } from '../auth/visits.ts';
import { countedAddress } from '../base/address.ts';
import { AppError, type CloseReason, type ErrorCode } from '../base/errors.ts';
import type { ContactId, GroupId, InteractionId, QueueId } from '../base/ids.ts';
import { HEARTBEAT_SEC, PROTOCOL_VERSION } from '../protocol/common.ts';
import { helloAgent, helloVisitor } from '../protocol/frames.ts';
import type { AgentView } from '../protocol/views.ts';
import type { AgentMember, ClientSocket, RawFrame, VisitorMember } from './clientSocket.ts';
import { CommandRefused, settled } from './commandRefused.ts';
import { isOriginAllowed } from './cors.ts';
import { isAgent } from './feedRights.ts';
import { parsedFrame } from './parsedFrame.ts';
import { viewForVisitor } from './publicEvents.ts';
import type { SocketServices } from './socketServices.ts';
import { TokenBucket } from './tokenBucket.ts';

/** Refusals after which the client shall not come back by itself. */
const FINAL: Partial<Record<ErrorCode, CloseReason>> = {
  unauthenticated: 'unauthenticated',
  forbidden: 'forbidden',
  not_found: 'forbidden',
  account_inactive: 'forbidden',
  banned: 'forbidden',
  invalid: 'protocol',
  bad_request: 'protocol',
  unavailable: 'internal',
  internal: 'internal',
  fenced: 'moved',
};

export async function greet(services: SocketServices, socket: ClientSocket, raw: RawFrame): Promise<unknown> {
  try {
    if (raw['t'] !== 'hello') throw new AppError('bad_request', { detail: 'The first frame is hello.' });
    if (raw['v'] !== PROTOCOL_VERSION && typeof raw['v'] === 'number') return refuseVersion(socket, raw);
    const address = countedAddress(socket.arrival.ip);
    const taken = await services.engine.rates.take(`hello:${address}`, services.limits.hellosPerMin, 60);
    if (!taken.isAllowed) throw new AppError('rate_limited', { retryAfterSec: taken.retryAfterSec });
    return raw['as'] === 'agent'
      ? await greetAgent(services, socket, parsedFrame(helloAgent, raw))
      : await greetVisitor(services, socket, parsedFrame(helloVisitor, raw));
  } catch (error) {
    const reason = FINAL[error instanceof AppError ? error.code : 'internal'];
    // The error reply goes first; the close follows it on the wire.
    if (reason) queueMicrotask(() => setImmediate(() => socket.close(reason)));
    throw error;
  }
}

function refuseVersion(socket: ClientSocket, raw: RawFrame): undefined {
  socket.refuse(
    Number(raw['id']) || 0,
    new AppError('bad_request', { detail: `This server speaks version ${PROTOCOL_VERSION}. Load the page again.` }),
  );
  socket.close('version');
  return undefined;
}

async function greetVisitor(services: SocketServices, socket: ClientSocket, hello: z.infer<typeof helloVisitor>): Promise<unknown> {
  const { engine, hub, accounts, presence, limits } = services;
  const found = await engine.config.groupByPublicId(hello.group);
  if (!found?.group.isActive) throw new AppError('not_found', { detail: 'There is no such widget, or it is switched off.' });
  const { scope, group } = found;
  if (await hub.include(scope)) accounts.forget(scope.accountId);
  const account = await accounts.find(scope.accountId);
  if (!account?.doc.isActive) throw new AppError('account_inactive');
  requireOrigin(socket, account.doc, 'The widget may not be used on this site.');
  if (hello.token !== undefined && !isVisitorToken(hello.token))
    throw new AppError('unauthenticated', { detail: 'The visitor token is malformed. Forget it.' });
  const token = hello.token ?? newVisitorToken();
  const contactId = contactOfToken(scope.accountId, token);
  const member: VisitorMember = {
    kind: 'visitor',
    scope,
    contactId,
    groupPublicId: hello.group,
    groupId: group.id as GroupId,
    queueId: group.queueId as QueueId,
    language: hello.language ?? group.primaryLanguage,
    page: hello.page ? JSON.stringify(hello.page) : '',
    name: '',
    starting: undefined,
    attached: new Set(),
    messages: messagesOf(services, contactId) ?? new TokenBucket(limits.visitorMessages),
  };
  const [conversations, figures] = await Promise.all([
    hello.token === undefined ? [] : engine.views.ofContact(scope, contactId),
    engine.views.figures(scope, member.queueId),
  ]);
  admit(services, socket, member);
  const shown = await Promise.all(
    conversations.map(async (conversation) => {
      if (conversation.state === 'closed' || conversation.state === 'ended') return conversation;
      const attached = await presence.attach(socket, member, conversation.id as InteractionId);
      return attached.ok ? attached.interaction : conversation;
    }),
  );
  member.name = shown[0]?.client.name ?? '';
  return {
    v: PROTOCOL_VERSION,
    token,
    contact: contactId,
    heartbeatSec: HEARTBEAT_SEC,
    conversations: shown.map(viewForVisitor),
    isOnline: (figures?.agentsOnline ?? 0) > 0,
  };
}

/** As REST has it: pages of ours, and those that the account lists. @throws AppError forbidden */
function requireOrigin({ arrival }: ClientSocket, { origins }: AccountDoc, detail: string): void {
  const { foreignOrigin } = arrival;
  if (foreignOrigin !== undefined && !isOriginAllowed(origins, foreignOrigin)) throw new AppError('forbidden', { detail });
}

/** All windows of a visitor draw from one bucket. */
function messagesOf({ registry }: SocketServices, contactId: ContactId): TokenBucket | undefined {
  const states = registry.of(contactId).map(({ state }) => state);
  return states.find((state) => state.kind === 'visitor')?.messages;
}

async function greetAgent(services: SocketServices, socket: ClientSocket, hello: z.infer<typeof helloAgent>): Promise<unknown> {
  const { engine, hub, accounts, resolvePrincipal } = services;
  const { credentials: arrival } = socket.arrival;
  const credentials = hello.token === undefined ? arrival : { ...arrival, authorization: `Bearer ${hello.token}`, cookie: undefined };
  const found = await resolvePrincipal(credentials);
  if (found.kind !== 'user') throw new AppError('unauthenticated');
  const placed = await accounts.find(found.accountId);
  // What was remembered of the account may be old while nobody here followed its partition.
  if (placed && (await hub.include(placed.scope))) accounts.forget(found.accountId);
  const account = await accounts.find(found.accountId);
  if (!account) throw new AppError('unavailable', { detail: 'The account is being prepared.' });
  if (!account.doc.isActive) throw new AppError('account_inactive');
  requireOrigin(socket, account.doc, 'The desk may not be used on this site.');
  const principal = await withVisits(engine, account, found);
  if (!can(principal, 'desk.open', { kind: 'account', accountId: principal.accountId })) throw new AppError('forbidden');
  const { scope, doc } = account;
  const member: AgentMember = { kind: 'agent', scope, principal, credentials, device: hello.device, isAttached: false, queueOf: new Map() };
  admit(services, socket, member);
  // A session that ended while we looked at it was told to the sockets known by then, and this one was not: look once more.
  const current = await resolvePrincipal(credentials);
  if (current.kind !== 'user') throw new AppError('unauthenticated');
  member.principal = await withVisits(engine, account, current);
  const agent = isAgent(member) ? await attach(services, socket, member) : await watcher(services, member);
  const { id, name, pauseReasons, canSignInAnywhere } = doc;
  const shown = { id, name, pauseReasons, canSignInAnywhere };
  return { v: PROTOCOL_VERSION, agent, account: shown, heartbeatSec: HEARTBEAT_SEC, now: Date.now() };
}

async function attach({ presence }: SocketServices, socket: ClientSocket, member: AgentMember): Promise<AgentView> {
  const attached = await presence.attachDevice(socket, member);
  // The copy of the agent's configuration is on its way.
  if (!attached.ok && attached.code === 'not_found') throw new AppError('unavailable', { detail: 'Your desk is being prepared.' });
  return settled(attached).agent;
}

/** Whoever serves no queue (a supervisor, an administrator) watches, and is nobody that routing could choose. */
async function watcher({ engine }: SocketServices, { scope, principal }: AgentMember): Promise<AgentView> {
  const view = await engine.views.agent(scope, principal.userId);
  const none = { load: 0, capacity: 0 };
  const media = { chat: none, voice: none, video: none };
  const nothing = { since: Date.now(), queues: [], load: 0, capacity: 0, media, placedCalls: 0, wrapUps: [], devices: [] };
  return { ...(view?.agent ?? { id: principal.userId, status: 'signed_out', ...nothing }), name: principal.name };
}

/** @throws AppError rate_limited: too many sockets of the same person */
function admit(services: SocketServices, socket: ClientSocket, member: VisitorMember | AgentMember): void {
  if (socket.isClosed) throw new CommandRefused({ ok: false, code: 'gone' });
  if (!services.registry.join(socket, member)) {
    services.metrics.limited.inc({ limit: 'sockets' });
    throw new AppError('rate_limited', { detail: 'Too many windows are open at once.', retryAfterSec: 30 });
  }
  socket.become(member);
}
