/**
 * The one gate for calls to outside numbers, whatever wants to dial: an agent's external phone, a transfer, a consultation, a recipe. Deny by default: only
 * countries and kinds of numbers that the account, the agent or the queue lists (`numberPlan.ts`), only through a trunk of the same account that lists a prefix of
 * them, within the caps of trunk and agent (counted over all nodes). Nobody reaches it without having been known first: agents by their sign-in or their phone's
 * digest, recipes by the account's administrators. A redirection (3xx) is not followed.
 */
import type { Engine, Scope } from '../../queues/engine.ts';
import type { TrunkDoc } from '../../queues/phones.ts';
import { assertNever, type ErrorCode } from '../../src/base/errors.ts';
import type { QueueId, UserId } from '../../src/base/ids.ts';
import type { Logger } from '../../src/base/log.ts';
import { hostText } from '../edge/uri.ts';
import { type Account, accountAt } from '../registrar/challenges.ts';
import { trunkProxy, trunkUri } from '../registrar/trunkUri.ts';
import type { Dialog, Dialogs } from './dialog.ts';
import { familyAt } from './family.ts';
import { invite, type Outgoing } from './invite.ts';
import type { Link } from './link.ts';
import { judgeNumber, type NumberRefusal, type NumberVerdict } from './numberPlan.ts';
import { Places } from './places.ts';
import type { Deadline, Wheel } from './wheel.ts';

export interface DialRequest {
  readonly scope: Scope;
  /** As dialled. */
  readonly number: string;
  /** Whose cap and kinds of numbers count; undefined: a recipe dials, and only queue, account and trunk limit it. */
  readonly by: UserId | undefined;
  /** Of the call it is dialled for; its own kinds of numbers go before the agent's. undefined: of a phone's own call. */
  readonly queueId: QueueId | undefined;
  readonly sdp: string;
  /** Shown where the trunk has no caller id of its own. */
  readonly callerId: string;
  /** What the other side says before it answers: a status, and the description of what it sends. */
  readonly onProgress?: ((status: number, sdp: string) => void) | undefined;
}

export type DialRefusal = NumberRefusal | 'no_trunk' | 'agent_limit' | 'trunk_limit' | 'spend_cap' | 'no_server';
export type Dialled = { readonly ok: true; readonly outgoing: Outgoing } | { readonly ok: false; readonly reason: DialRefusal };

export interface DialOut {
  /** Over what the trunk that would take the number is reached, so that it is offered media there; a host by name counts as IPv4. Allows nothing. */
  familyTo(request: Omit<DialRequest, 'sdp' | 'callerId'>): Promise<'IPv4' | 'IPv6'>;
  dial(request: DialRequest): Promise<Dialled>;
  /** Goes on counting a dialog that another process began, and that was taken over. */
  meterOn(dialog: Dialog): void;
  /** To be called every few seconds: places at trunks are kept by it. */
  keepPlaces(): Promise<void>;
}

export interface DialOutOptions {
  readonly engine: Pick<Engine, 'config' | 'phones' | 'rates'>;
  readonly dialogs: Dialogs;
  readonly wheel: Wheel;
  readonly log: Logger;
  /** Any server that is up, or the named one. */
  link(server?: string): Link | undefined;
  /** The trunk's password, opened; undefined: there is none, or it cannot be read. */
  secretOf(trunk: TrunkDoc): string | undefined;
  /** How long a minute of talk is, as trunks count it. */
  readonly minuteMs?: number;
}

const DAY_SEC = 86_400;
/** Redis was away when a trunk had to be known: asked again. */
const ASK_AGAIN_MS = 1_000;

export function createDialOut({ engine, dialogs, wheel, log, link, secretOf, minuteMs = 60_000 }: DialOutOptions): DialOut {
  const places = new Places(engine.phones);
  /** A trunk's limit; 0: none. */
  const take = async (key: string, limit: number, windowSec: number): Promise<boolean> =>
    limit === 0 || (await engine.rates.take(key, limit, windowSec)).isAllowed;

  /** VOX-6. The queue's kinds of numbers go before the agent's, and these before the account's. */
  async function judge({
    scope,
    number,
    by,
    queueId,
  }: Omit<DialRequest, 'sdp' | 'callerId'>): Promise<NumberVerdict & { readonly perMinute: number }> {
    const [account, queue, agent] = await Promise.all([
      engine.config.account(scope),
      queueId ? engine.config.queue(scope, queueId) : undefined,
      by ? engine.config.agent(scope, by) : undefined,
    ]);
    if (!account?.isActive) return { ok: false, reason: 'country', perMinute: 0 };
    const { outbound } = account;
    const types = queue?.voice.outboundTypes ?? agent?.outboundTypes ?? outbound.types;
    return { ...judgeNumber(number, outbound, types), perMinute: outbound.perAgentPerMinute };
  }

  /** `place`: its name, where the trunk counts calls. */
  async function withinCaps(
    trunk: TrunkDoc,
    by: UserId | undefined,
    perMinute: number,
  ): Promise<{ readonly ok: true; readonly place: string | undefined } | { readonly ok: false; readonly reason: DialRefusal }> {
    // Unlike a trunk's, an agent's limit of 0 lets nothing pass.
    if (by && (perMinute === 0 || !(await take(`dial:agent:${by}`, perMinute, 60)))) return { ok: false, reason: 'agent_limit' };
    if (!(await take(`dial:minute:${trunk.id}`, trunk.maxCallsPerMinute, 60))) return { ok: false, reason: 'trunk_limit' };
    const isCounted = trunk.maxCalls > 0;
    const place = isCounted ? await places.take(trunk.id, trunk.maxCalls) : undefined;
    if (isCounted && place === undefined) return { ok: false, reason: 'trunk_limit' };
    if (await take(minutesKey(trunk), trunk.maxMinutesPerDay, DAY_SEC)) return { ok: true, place };
    leave(place);
    return { ok: false, reason: 'spend_cap' };
  }

  function leave(place: string | undefined): void {
    if (place !== undefined) places.leave(place);
  }

  async function familyTo(request: Omit<DialRequest, 'sdp' | 'callerId'>): Promise<'IPv4' | 'IPv6'> {
    const verdict = await judge(request);
    const trunk = verdict.ok ? trunkFor(await engine.phones.trunks(), request.scope, verdict.e164) : undefined;
    const hop = verdict.ok && trunk ? await nextHop(request.scope, trunk, verdict.e164) : undefined;
    return hop ? familyAt(hop.proxy ?? hop.uri) : 'IPv4';
  }

  async function dial(request: DialRequest): Promise<Dialled> {
    const { scope, by, queueId, sdp, callerId, onProgress } = request;
    const refuse = (reason: DialRefusal, trunk?: TrunkDoc): Dialled => {
      log.warn({ account: scope.accountId, queue: queueId, agent: by, trunk: trunk?.id, reason }, 'dial.refused');
      return { ok: false, reason };
    };
    const verdict = await judge(request);
    if (!verdict.ok) return refuse(verdict.reason);
    const trunk = trunkFor(await engine.phones.trunks(), scope, verdict.e164);
    if (!trunk) return refuse('no_trunk');
    const hop = await nextHop(scope, trunk, verdict.e164);
    if (!hop) return refuse('no_server', trunk);
    const within = await withinCaps(trunk, by, verdict.perMinute);
    if (!within.ok) return refuse(within.reason, trunk);
    const shown = trunk.callerId || (/^\+[0-9]{1,15}$/.test(callerId) ? callerId : 'anonymous');
    const outgoing = invite(dialogs, hop.link, { ...hop, headers: identityOf(trunk, shown), sdp, account: accountOf(trunk), onProgress });
    log.info({ trunk: trunk.id, agent: by, account: scope.accountId }, 'dial.out');
    void meter(trunk, within.place, outgoing);
    return { ok: true, outgoing };
  }

  /** What it may ask for; undefined where it knows us otherwise. */
  function accountOf(trunk: TrunkDoc): Account | undefined {
    const password = trunk.type === 'provider' ? secretOf(trunk) : undefined;
    return password === undefined ? undefined : accountAt(trunk, password);
  }

  /** Leaves the place when the call is over, and counts its minutes while it lasts; past the cap it is hung up. */
  async function meter(trunk: TrunkDoc, place: string | undefined, outgoing: Outgoing): Promise<void> {
    const result = await outgoing.result;
    if (result.kind !== 'answered') return leave(place);
    hold(result.dialog, place);
    // The first minute was taken before it was dialled.
    count(trunk, result.dialog);
  }

  function count(trunk: TrunkDoc, dialog: Dialog): void {
    dialog.trunk = trunk.id;
    dialog.account = accountOf(trunk);
    let next: Deadline | undefined;
    const minute = async (): Promise<void> => {
      const isAllowed = await take(minutesKey(trunk), trunk.maxMinutesPerDay, DAY_SEC).catch(() => true);
      if (dialog.isOver) return;
      if (!isAllowed) {
        log.warn({ trunk: trunk.id }, 'dial.spend_cap');
        return dialog.cut('spend cap', 'Q.850;cause=31;text="Spend cap"');
      }
      next = wheel.after(minuteMs, () => void minute());
    };
    next = wheel.after(minuteMs, () => void minute());
    dialog.whenOver(() => next?.cancel());
  }

  function hold(dialog: Dialog, place: string | undefined): void {
    dialog.place = place;
    dialog.whenOver(() => leave(place));
  }

  /** How far its last minute had run, nobody knows: a new one begins, so that a cap is never passed unseen. */
  function meterOn(dialog: Dialog): void {
    const { trunk: id } = dialog;
    if (id === undefined || dialog.isOver) return;
    if (dialog.place !== undefined) places.takeOver(id, dialog.place);
    hold(dialog, dialog.place);
    withTrunk(id, (trunk) => {
      count(trunk, dialog);
      void take(minutesKey(trunk), trunk.maxMinutesPerDay, DAY_SEC).catch(() => undefined);
    });
  }

  /** One that was deleted meanwhile has nothing to count. */
  function withTrunk(id: string, work: (trunk: TrunkDoc) => void): void {
    engine.phones.trunks().then(
      (trunks) => {
        const found = trunks.find(({ doc }) => doc.id === id);
        if (found) work(found.doc);
      },
      () => wheel.after(ASK_AGAIN_MS, () => withTrunk(id, work)),
    );
  }

  /** Where a trunk's calls go: its host, by its proxy if it has one, or the binding it registered with. */
  async function nextHop(scope: Scope, trunk: TrunkDoc, number: string): Promise<{ link: Link; uri: string; proxy?: string } | undefined> {
    if (trunk.type !== 'registers') {
      const found = link();
      const proxy = trunkProxy(trunk);
      return found && { link: found, uri: trunkUri(trunk, number), ...(proxy === undefined ? {} : { proxy }) };
    }
    for (const { contact, edge, flow } of await engine.phones.bindings(scope, trunk.id)) {
      const found = link(edge);
      const host = /^sips?:(?:[^@]*@)?(.+)$/i.exec(contact)?.[1];
      if (found && host) return { link: found, uri: `sip:${number}@${host}`, ...(flow === '' ? {} : { proxy: flow }) };
    }
    return undefined;
  }

  return { familyTo, dial, meterOn, keepPlaces: () => places.keep() };
}

/** To a provider that we sign in to, a call is from whom it knows by that name; the number to show is proposed (RFC 3325 9.2). */
function identityOf({ type, username, host }: TrunkDoc, shown: string): Record<string, string> {
  if (type !== 'provider') return { from: `<sip:${shown}@localhost>` };
  const domain = hostText(host);
  const proposed: Record<string, string> = shown === 'anonymous' ? {} : { 'P-Preferred-Identity': `<sip:${shown}@${domain}>` };
  return { from: `<sip:${username}@${domain}>`, ...proposed };
}

function minutesKey(trunk: TrunkDoc): string {
  return `dial:minutes:${trunk.id}:${new Date().toISOString().slice(0, 10)}`;
}

/** What desk and API are told. */
export function toldOf(reason: DialRefusal): { readonly ok: false; readonly code: ErrorCode; readonly detail: string } {
  switch (reason) {
    case 'no_number':
      return { ok: false, code: 'bad_request', detail: 'That is no number that can be called.' };
    case 'country':
      return { ok: false, code: 'forbidden', detail: 'Calls to that country are not allowed.' };
    case 'number_type':
      return { ok: false, code: 'forbidden', detail: 'Calls to that kind of number are not allowed.' };
    case 'no_trunk':
      return { ok: false, code: 'forbidden', detail: 'No trunk takes calls to that number.' };
    case 'agent_limit':
      return { ok: false, code: 'rate_limited', detail: 'You have begun as many calls as you may for now.' };
    case 'trunk_limit':
      return { ok: false, code: 'rate_limited', detail: 'The trunk carries as many calls as it may.' };
    case 'spend_cap':
      return { ok: false, code: 'rate_limited', detail: 'The trunk has used up its minutes of today.' };
    case 'no_server':
      return { ok: false, code: 'unavailable', detail: 'The trunk cannot be reached at the moment.' };
    default:
      return assertNever(reason);
  }
}

/** The account's trunk with the longest prefix of the number. */
function trunkFor(trunks: Awaited<ReturnType<Engine['phones']['trunks']>>, scope: Scope, number: string): TrunkDoc | undefined {
  let best: { doc: TrunkDoc; length: number } | undefined;
  for (const { scope: theirs, doc } of trunks) {
    if (theirs.accountId !== scope.accountId || !doc.isActive) continue;
    for (const prefix of doc.prefixes)
      if (number.startsWith(prefix) && prefix.length > (best?.length ?? 0)) best = { doc, length: prefix.length };
  }
  return best?.doc;
}
