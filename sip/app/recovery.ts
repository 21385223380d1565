/**
 * Calls of a process that is gone (DESIGN §6 "Call recovery"). Their talk goes on at edge and media; whoever finds the process silent takes them all, asks servers and media
 * for what they are made of, and goes on with those whose caller is still there. What cannot be gone on with is hung up; its caller's place is kept for a redial
 * until the reconnect window ends. Made by the application, which has `turn` called every second.
 */

import type { UserId } from '../../src/base/ids.ts';
import type { InteractionView } from '../../src/protocol/views.ts';
import { Call, type SavedCall } from '../flows/call.ts';
import { Leg, type SavedLeg } from '../flows/leg.ts';
import { moveMedia } from '../flows/moveMedia.ts';
import { ringOwner } from '../flows/ringing.ts';
import type { Switchboard } from '../flows/switchboard.ts';
import { startWaiting } from '../flows/waiting.ts';
import { adoptDialogs } from './adoptDialogs.ts';
import { Dialog } from './dialog.ts';

/** While a process was lost so lately, a caller may be one who was cut off. */
const REDIAL_MS = 15 * 60_000;

export class Recovery {
  readonly #board: Switchboard;
  readonly #tag: string;
  #known: ReadonlySet<string> | undefined;
  /** A process that starts may stand for one that was lost: it looks for a minute. */
  #lostAt = performance.now() - REDIAL_MS + 60_000;

  constructor(board: Switchboard, tag: string) {
    this.#board = board;
    this.#tag = tag;
  }

  /** Whether callers may be there again who were cut off. */
  get mayRedial(): boolean {
    return performance.now() - this.#lostAt < REDIAL_MS;
  }

  async turn(): Promise<void> {
    const { phones } = this.#board.engine;
    const nodes = new Set((await phones.nodes('sip')).map(({ id }) => id));
    if (this.#known && [...this.#known].some((id) => !nodes.has(id))) this.#lostAt = performance.now();
    // The only one, and nobody before it left calls: nobody was cut off.
    if (!this.#known && nodes.size <= 1 && !(await phones.areCallsElsewhere())) this.#lostAt = Number.NEGATIVE_INFINITY;
    this.#known = nodes;
    const docs = await phones.takeLapsedCalls();
    if (docs.length === 0) return;
    this.#lostAt = performance.now();
    const calls = docs.map((doc) => JSON.parse(doc) as SavedCall);
    const [dialogs, media] = await Promise.all([this.#adoptDialogs(calls), this.#adoptMedia(calls)]);
    const gone = await Promise.allSettled(calls.map((saved) => this.#goOn(saved, dialogs, media)));
    const adopted = gone.filter((result) => result.status === 'fulfilled' && result.value).length;
    this.#board.log.warn({ calls: calls.length, adopted }, 'calls.adopted');
    for (const result of gone) if (result.status === 'rejected') this.#board.log.error({ err: result.reason }, 'call.adopt.failed');
  }

  async #adoptDialogs(calls: readonly SavedCall[]): Promise<ReadonlySet<string>> {
    const byServer = new Map<string, string[]>();
    for (const { dialog } of calls.flatMap(({ legs }) => legs))
      if (dialog) byServer.set(dialog.server, [...(byServer.get(dialog.server) ?? []), dialog.id]);
    const adopted = await Promise.all(
      [...byServer].map(async ([name, ids]) => {
        const link = this.#board.link(name);
        return link?.isUp ? adoptDialogs(link.server, this.#tag, ids) : new Set<string>();
      }),
    );
    return new Set(adopted.flatMap((ids) => [...(ids ?? [])]));
  }

  /** Ids of legs that still stand. */
  async #adoptMedia(calls: readonly SavedCall[]): Promise<ReadonlySet<string>> {
    const byNode = new Map<string, string[]>();
    for (const { id, media } of calls) byNode.set(media, [...(byNode.get(media) ?? []), id]);
    const standing = await Promise.all(
      [...byNode].map(async ([node, ids]) => {
        try {
          await this.#board.media.ask(node, { do: 'adopt', calls: ids });
          return (await this.#board.media.ask(node, { do: 'list' })).legs ?? [];
        } catch {
          return [];
        }
      }),
    );
    return new Set(standing.flat().map(({ leg }) => leg));
  }

  /** False: its caller is gone, or routing is done with it. */
  async #goOn(saved: SavedCall, dialogs: ReadonlySet<string>, media: ReadonlySet<string>): Promise<boolean> {
    const board = this.#board;
    const stands = (leg: SavedLeg): boolean => leg.dialog !== undefined && dialogs.has(leg.dialog.id);
    const legs = saved.legs.filter(stands);
    for (const leg of saved.legs) if (!stands(leg)) this.#hangUp(leg);
    const hasCaller = legs.some(({ role }) => role === 'customer');
    if (hasCaller) await board.follow(saved.scope);
    const call = new Call(board, saved, saved.media, saved.startedAt);
    call.answeredAt = saved.answeredAt;
    call.isOutOfRouting = saved.isOutOfRouting;
    call.continueFrom(saved.version);
    if (!hasCaller) {
      for (const leg of legs) this.#hangUp(leg);
      return lose(call, saved);
    }
    for (const leg of legs) this.#restore(call, leg);
    // They were lost with the process that is gone, or before.
    if (!legs.every(({ id }) => media.has(id))) void moveMedia(call);
    const { scope, interaction, contactId, customer } = call;
    if (saved.isOutOfRouting) return call.enter({ at: 'diverted', guest: call.legs.find((leg) => leg !== customer) });
    const attached = await board.engine.router.attachClient(scope, { interactionId: interaction, contactId, connectionId: customer.id });
    if (!attached.ok || call.isOver) {
      call.isOutOfRouting = true;
      call.end('gone in routing');
      return false;
    }
    const isThere = asRouted(call, saved, attached.interaction);
    board.carry(call);
    call.save();
    return isThere;
  }

  #restore(call: Call, saved: SavedLeg): void {
    const link = saved.dialog && this.#board.link(saved.dialog.server);
    if (!saved.dialog || !link) return;
    const leg = Leg.restored(saved);
    leg.dialog = new Dialog(this.#board.dialogs, { ...saved.dialog, link });
    this.#board.dialOut.meterOn(leg.dialog);
    call.adopt(leg);
    const { reactions } = this.#board;
    const kind = leg.role === 'customer' ? 'customer' : leg.role === 'agent' ? 'agent' : 'other';
    leg.dialog.on = reactions[kind](call, leg);
  }

  #hangUp({ dialog }: SavedLeg): void {
    const link = dialog && this.#board.link(dialog.server);
    if (dialog && link?.isUp) new Dialog(this.#board.dialogs, { ...dialog, link }).bye();
  }
}

/** The desk is told that it is over, and its legs are recorded. The interaction is left to its reconnect window: who calls again finds its agent. */
function lose(call: Call, { owner, legs }: SavedCall): false {
  call.owner = owner;
  for (const leg of legs) call.adopt(Leg.restored(leg));
  call.end('lost');
  return false;
}

/** Into the state that routing has of it, with the phones that are still there. */
function asRouted(call: Call, saved: SavedCall, view: InteractionView): boolean {
  if (view.state === 'waiting' || view.state === 'offered') {
    for (const leg of call.legs) if (leg !== call.customer) call.closeLeg(leg, 'recovered');
    call.enter({ at: 'waiting', rings: new Map() });
    startWaiting(call);
    return true;
  }
  const owner = view.owner?.id as UserId | undefined;
  if (view.state !== 'served' || !owner) {
    call.isOutOfRouting = true;
    call.end('over in routing');
    return false;
  }
  call.owner = owner;
  const agent = call.legs.find((leg) => leg.role === 'agent' && leg.userId === owner);
  if (!agent) {
    ringOwner(call, owner);
    return true;
  }
  const others = call.legs.filter((leg) => leg !== agent && leg !== call.customer);
  const [consult] = others;
  if (saved.state === 'conference' && others.length > 0) call.enter({ at: 'conference', agent, guests: others });
  else if (saved.state === 'consulting' && consult) call.enter({ at: 'consulting', agent, consult });
  else if (saved.state === 'held' || agent.isHoldingUs) call.enter({ at: 'held', agent, by: agent.isHoldingUs ? 'phone' : 'desk' });
  else call.enter({ at: 'talking', agent });
  return true;
}
