/**
 * The routing engine's commands, one typed method per script. Created by the engine; see `engine.ts` for what each refuses and
 * `README.md` for the invariants that hold between any two of them.
 */
import { AppError } from '../src/base/errors.ts';
import { newId } from '../src/base/ids.ts';
import type { AgentView, InteractionView } from '../src/protocol/views.ts';
import { type Commands, isRefused } from './commands.ts';
import type { AgentCommand, NewInteraction, NewMessage, Outcome, Refused, Router, Scope } from './engine.ts';
import { MessageBatches } from './messageBatches.ts';
import type { Reply } from './redis.ts';
import { toAgent, toInteraction, toOffers, toOffersMade } from './replies.ts';
import { toFlatRow } from './rowText.ts';

const PREVIEW_CHARS = 140;

/** The beginning of a text, whole characters only. */
function previewOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= PREVIEW_CHARS ? line : `${[...line].slice(0, PREVIEW_CHARS).join('')}…`;
}

const flag = (value: boolean): number => (value ? 1 : 0);

export function createRouter(commands: Commands): Router {
  const messages = new MessageBatches(commands);
  async function plain(name: string, scope: Scope, args: readonly (string | number)[]): Promise<Outcome> {
    const reply = await commands.run(name, scope.partition, args);
    return isRefused(reply) ? reply : { ok: true };
  }

  /** Commands that answer with the interaction at `index` of the reply. */
  async function withInteraction(
    name: string,
    scope: Scope,
    id: string,
    args: readonly (string | number)[],
  ): Promise<Outcome<{ interaction: InteractionView }>> {
    const reply = await commands.run(name, scope.partition, args);
    if (isRefused(reply)) return reply;
    return { ok: true, interaction: interactionOf(id, await rowAt(scope, reply, 1, id)) };
  }

  /** The row in an answer, as a flat list of fields and values; read when its text does not tell. */
  async function rowAt(scope: Scope, reply: Reply, index: number, id: string): Promise<unknown> {
    const row = reply[index];
    if (typeof row !== 'string') return row;
    return toFlatRow(row) ?? (await commands.read('readConversation', scope.partition, [id, scope.accountId, '', 0]))?.[1];
  }

  async function withAgent(
    name: string,
    scope: Scope,
    agentId: string,
    args: readonly (string | number)[],
  ): Promise<Outcome<{ agent: AgentView }>> {
    const reply = await commands.run(name, scope.partition, args);
    if (isRefused(reply)) return reply;
    const answer = await commands.read('readAgent', scope.partition, [agentId, scope.accountId, 0]);
    return answer ? { ok: true, agent: toAgent(agentId, answer) } : notFound;
  }

  const setState = (what: string) => (scope: Scope, agent: AgentCommand & { readonly reason?: string }) =>
    withAgent('setAgentState', scope, agent.agentId, [
      agent.agentId,
      scope.accountId,
      agent.isSupervisor ? `${what}!` : what,
      agent.reason ?? '',
      commandId(what, agent.agentId, agent.key),
      ...(agent.queues ?? []),
    ]);

  return {
    async startInteraction(scope, start) {
      const reply = await commands.run('startInteraction', scope.partition, [
        start.id ?? newId('interaction'),
        scope.accountId,
        start.queueId,
        start.groupId,
        start.contactId,
        start.key,
        start.name,
        start.email,
        start.language,
        start.page,
        start.userAgent,
        start.key,
        start.text,
        previewOf(start.text),
        start.connectionId,
        routingOf(start),
      ]);
      if (isRefused(reply)) return reply;
      const id = String(reply[3]);
      const row = await rowAt(scope, reply, 4, id);
      const made = toOffersMade(reply.at(-1)).filter(({ interactionId }) => interactionId === id);
      const offers = made.length > 0 ? made : toOffers(row);
      return { ok: true, off: Number(reply[1]), isRepeat: reply[2] === 1, interaction: interactionOf(id, row), offers };
    },

    placeCall: (scope, call) =>
      plain('placeCall', scope, [call.interactionId, scope.accountId, call.agentId, call.contactId, call.name, call.connectionId]),
    answerPlaced: (scope, { interactionId }) => plain('answerPlaced', scope, [interactionId, scope.accountId]),

    async sendMessage(scope, message) {
      const args = messageArgs(scope, message);
      const reply = message.isClaim
        ? await commands.run('sendClaiming', scope.partition, args)
        : await messages.send(scope.partition, args);
      if (isRefused(reply)) return reply;
      return { ok: true, off: Number(reply[1]), at: Number(reply[2]), isRepeat: reply[3] === 1 };
    },

    markRead: (scope, mark) => plain('markRead', scope, [mark.interactionId, scope.accountId, mark.by, mark.memberId, mark.upTo]),

    acceptOffer: (scope, offer) =>
      withInteraction('acceptOffer', scope, offer.interactionId, [offer.interactionId, scope.accountId, offer.agentId, offer.token]),
    declineOffer: (scope, offer) => plain('declineOffer', scope, [offer.interactionId, scope.accountId, offer.agentId, offer.token]),
    claimInteraction: (scope, claim) =>
      withInteraction('claimInteraction', scope, claim.interactionId, [claim.interactionId, scope.accountId, claim.agentId]),
    transferInteraction: (scope, transfer) =>
      plain('transferInteraction', scope, [
        transfer.interactionId,
        scope.accountId,
        transfer.from,
        transfer.to,
        flag(transfer.isSupervisor),
        commandId('transfer', transfer.from, transfer.key),
      ]),
    requeueInteraction: (scope, move) =>
      plain('requeueInteraction', scope, [
        move.interactionId,
        scope.accountId,
        move.from,
        move.queueId,
        flag(move.isSupervisor),
        commandId('requeue', move.from, move.key),
      ]),
    inviteParticipant: (scope, invite) =>
      plain('inviteParticipant', scope, [
        invite.interactionId,
        scope.accountId,
        invite.by,
        invite.agentId,
        flag(invite.isSupervisor),
        commandId('invite', invite.by, invite.key),
      ]),
    leaveInteraction: (scope, leave) =>
      plain('leaveInteraction', scope, [leave.interactionId, scope.accountId, leave.agentId, commandId('leave', leave.agentId, leave.key)]),
    endInteraction: (scope, end) =>
      plain('endInteraction', scope, [end.interactionId, scope.accountId, end.by, end.memberId, flag(end.isSupervisor)]),
    closeInteraction: (scope, close) =>
      plain('closeInteraction', scope, [
        close.interactionId,
        scope.accountId,
        close.agentId,
        close.outcome,
        close.note,
        flag(close.isSupervisor),
        commandId('close', close.agentId, close.key),
      ]),
    rateInteraction: (scope, rating) =>
      plain('rateInteraction', scope, [rating.interactionId, scope.accountId, rating.contactId, rating.value, rating.comment]),
    changeOutcome: (scope, change) =>
      plain('changeOutcome', scope, [
        change.interactionId,
        scope.accountId,
        change.agentId,
        change.outcome,
        change.note,
        commandId('outcome', change.agentId, change.key),
      ]),
    endWrapUp: (scope, wrapUp) =>
      plain('endWrapUp', scope, [wrapUp.interactionId, scope.accountId, wrapUp.agentId, flag(wrapUp.isSupervisor)]),
    extendWrapUp: (scope, wrapUp) =>
      plain('extendWrapUp', scope, [
        wrapUp.interactionId,
        scope.accountId,
        wrapUp.agentId,
        wrapUp.byMs,
        flag(wrapUp.isSupervisor),
        commandId('extend', wrapUp.agentId, wrapUp.key),
      ]),

    prioritizeInteraction: (scope, { interactionId, priority }) =>
      plain('changeInteraction', scope, [interactionId, scope.accountId, 'priority', priority]),
    changeMedium: (scope, { interactionId, medium }) =>
      plain('changeInteraction', scope, [interactionId, scope.accountId, 'media', medium]),

    noteCall: (scope, note) => plain('noteCall', scope, [note.interactionId, scope.accountId, note.version, note.call]),
    noteRoom: (scope, note) => plain('noteCall', scope, [note.interactionId, scope.accountId, note.version, note.room, 'room']),
    noteLeg: (scope, leg) => plain('noteLeg', scope, [leg.leg, scope.accountId, JSON.stringify(leg)]),

    signIn: setState('sign_in'),
    signOut: setState('sign_out'),
    pause: setState('pause'),
    resume: setState('resume'),

    attachClient: (scope, socket) =>
      withInteraction('attachClient', scope, socket.interactionId, [
        socket.interactionId,
        scope.accountId,
        socket.contactId,
        socket.connectionId,
      ]),
    detachClient: (scope, socket) => plain('detachClient', scope, [socket.interactionId, socket.connectionId]),
    attachDevice: (scope, socket) =>
      withAgent('attachDevice', scope, socket.agentId, [
        socket.agentId,
        scope.accountId,
        socket.deviceId,
        socket.deviceName.replaceAll('|', ' '),
        socket.connectionId,
        flag(socket.isPhone === true),
      ]),
    detachDevice: (scope, socket) => plain('detachDevice', scope, [socket.agentId, socket.deviceId, socket.connectionId]),
  };
}

const notFound: Refused = { ok: false, code: 'not_found' };

/** A command of one kind by one person under one key is one command. */
function commandId(kind: string, member: string, key: string): string {
  return `${kind}:${member}:${key}`;
}

/** @throws AppError gone */
function interactionOf(id: string, row: unknown): InteractionView {
  const view = toInteraction(id, row);
  if (!view) throw new AppError('gone');
  return view;
}

/** What `startInteraction` needs beyond a plain chat, as JSON; empty for that one. */
function routingOf(start: NewInteraction): string {
  const { medium, required, preferred, priority, start: from, origin } = start;
  const routing = { medium, required, preferred, priority, start: from, origin };
  return Object.values(routing).some((value) => value !== undefined) ? JSON.stringify(routing) : '';
}

/** As `scripts/lib/message.lua` takes it: the event's and the row's JSON are made here, where it is cheap, but for what only the script knows. */
function messageArgs(scope: Scope, message: NewMessage): (string | number)[] {
  const { interactionId, mid, from, visibility, text, file } = message;
  const event = JSON.stringify({ i: interactionId, mid, role: from.role, by: from.id, n: from.name, vis: visibility, text, file });
  const last = JSON.stringify({ text: previewOf(text ?? file?.name ?? ''), role: from.role });
  return [interactionId, scope.accountId, mid, from.role, from.id, visibility, event.slice(0, -1), `${last.slice(0, -1)},"at":`];
}
