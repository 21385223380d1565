/**
 * The one gate for calls to outside numbers, whatever wants to dial: an agent's external phone, a transfer, a consultation, a recipe, a redirection. Deny by default: only numbers
 * in E.164, only through a trunk of the same account that lists a prefix of them, within the caps of trunk and agent (counted over all nodes). Nobody reaches it
 * without having been known first: agents by their sign-in or their phone's digest, recipes by the account's administrators.
 */
import type { Engine, Scope } from '../../queues/engine.ts';
import type { TrunkDoc } from '../../queues/phones.ts';
import type { UserId } from '../../src/base/ids.ts';
import type { Logger } from '../../src/base/log.ts';
import type { Dialogs } from './dialog.ts';
import { invite, type Outgoing } from './invite.ts';
import type { Link } from './link.ts';
import type { Deadline, Wheel } from './wheel.ts';

export interface DialRequest {
  readonly scope: Scope;
  readonly number: string;
  /** Whose cap counts; undefined: none but the trunk's. */
  readonly by: UserId | undefined;
  readonly sdp: string;
  /** Shown where the trunk has no caller id of its own. */
  readonly callerId: string;
}

export type DialRefusal = 'no_number' | 'no_trunk' | 'agent_limit' | 'trunk_limit' | 'spend_cap' | 'no_server';
export type Dialled = { readonly ok: true; readonly outgoing: Outgoing } | { readonly ok: false; readonly reason: DialRefusal };

export interface DialOut {
  dial(request: DialRequest): Promise<Dialled>;
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
}

const AGENT_CALLS_PER_HOUR = 120;
const HOUR_SEC = 3_600;
const DAY_SEC = 86_400;
const MINUTE_MS = 60_000;
/** A call that was never given back (its node died) is counted no longer. */
const CALL_SEC = 4 * HOUR_SEC;

export function createDialOut({ engine, dialogs, wheel, log, link, secretOf }: DialOutOptions): DialOut {
  const take = async (key: string, limit: number, windowSec: number, points?: number): Promise<boolean> =>
    limit === 0 || (await engine.rates.take(key, limit, windowSec, points)).isAllowed;

  async function refusal(scope: Scope, trunk: TrunkDoc, by: UserId | undefined): Promise<DialRefusal | undefined> {
    const perMinute = (await engine.config.account(scope))?.outbound.perAgentPerMinute ?? 0;
    if (by && !(await take(`dial:agent:${by}`, perMinute, 60))) return 'agent_limit';
    if (by && !(await take(`dial:${by}`, AGENT_CALLS_PER_HOUR, HOUR_SEC))) return 'agent_limit';
    if (!(await take(`dial:minute:${trunk.id}`, trunk.maxCallsPerMinute, 60))) return 'trunk_limit';
    if (!(await take(minutesKey(trunk), trunk.maxMinutesPerDay, DAY_SEC, 1))) return 'spend_cap';
    return (await take(`dial:calls:${trunk.id}`, trunk.maxCalls, CALL_SEC)) ? undefined : 'trunk_limit';
  }

  async function dial({ scope, number, by, sdp, callerId }: DialRequest): Promise<Dialled> {
    const dialled = toE164(number);
    if (!dialled) return { ok: false, reason: 'no_number' };
    const trunk = trunkFor(await engine.phones.trunks(), scope, dialled);
    if (!trunk) return { ok: false, reason: 'no_trunk' };
    const hop = await nextHop(scope, trunk, dialled);
    if (!hop) return { ok: false, reason: 'no_server' };
    const reason = await refusal(scope, trunk, by);
    if (reason) {
      log.warn({ trunk: trunk.id, agent: by, reason }, 'dial.refused');
      return { ok: false, reason };
    }
    const password = trunk.type === 'provider' ? secretOf(trunk) : undefined;
    const auth = password === undefined ? undefined : { username: trunk.username, password };
    const from = trunk.callerId || (/^\+[0-9]{1,15}$/.test(callerId) ? callerId : 'anonymous');
    const outgoing = invite(dialogs, hop.link, { ...hop, headers: { from: `<sip:${from}@localhost>` }, sdp, auth });
    log.info({ trunk: trunk.id, agent: by, account: scope.accountId }, 'dial.out');
    void meter(trunk, outgoing);
    return { ok: true, outgoing };
  }

  /** Gives the place back when the call is over, and counts its minutes while it lasts; past the cap it is hung up. */
  async function meter(trunk: TrunkDoc, outgoing: Outgoing): Promise<void> {
    const result = await outgoing.result;
    const giveBack = (): void => {
      if (trunk.maxCalls > 0) void engine.rates.take(`dial:calls:${trunk.id}`, trunk.maxCalls, CALL_SEC, -1).catch(() => undefined);
    };
    if (result.kind !== 'answered') return giveBack();
    const { dialog } = result;
    let next: Deadline | undefined;
    const minute = async (): Promise<void> => {
      const isAllowed = await take(minutesKey(trunk), trunk.maxMinutesPerDay, DAY_SEC, 1).catch(() => true);
      if (dialog.isOver) return;
      if (!isAllowed) {
        log.warn({ trunk: trunk.id }, 'dial.spend_cap');
        return dialog.cut('spend cap', 'Q.850;cause=31;text="Spend cap"');
      }
      next = wheel.after(MINUTE_MS, () => void minute());
    };
    next = wheel.after(MINUTE_MS, () => void minute());
    dialog.whenOver(() => {
      next?.cancel();
      giveBack();
    });
  }

  /** Where a trunk's calls go: its host, or the binding it registered with. */
  async function nextHop(scope: Scope, trunk: TrunkDoc, number: string): Promise<{ link: Link; uri: string; proxy?: string } | undefined> {
    if (trunk.type !== 'registers') {
      const found = link();
      const host = trunk.host.includes(':') ? `[${trunk.host}]` : trunk.host;
      const port = trunk.port > 0 ? `:${trunk.port}` : '';
      const transport = trunk.transport === 'udp' ? '' : `;transport=${trunk.transport}`;
      return found && { link: found, uri: `sip:${number}@${host}${port}${transport}` };
    }
    for (const { contact, edge, flow } of await engine.phones.bindings(scope, trunk.id)) {
      const found = link(edge);
      const host = /^sips?:(?:[^@]*@)?(.+)$/i.exec(contact)?.[1];
      if (found && host) return { link: found, uri: `sip:${number}@${host}`, ...(flow === '' ? {} : { proxy: flow }) };
    }
    return undefined;
  }

  return { dial };
}

function minutesKey(trunk: TrunkDoc): string {
  return `dial:minutes:${trunk.id}:${new Date().toISOString().slice(0, 10)}`;
}

/** `00` and `+` begin an international number; anything else is none. */
export function toE164(number: string): string | undefined {
  const plain = number.replaceAll(/[\s().-]/g, '').replace(/^00/, '+');
  return /^\+[1-9][0-9]{5,14}$/.test(plain) ? plain : undefined;
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
