/**
 * The chain a new INVITE goes through: guards, whose call it is, which number it is for, and then the story of a caller who reaches a queue. Nothing else can be reached by a
 * stranger: an INVITE for anything but a queue's number is taken from phones of agents alone, after digest; strangers are challenged like them, and learn nothing by it.
 */
import { BlockList, isIPv6 } from 'node:net';
import type { Scope } from '../../queues/engine.ts';
import type { NumberDoc, TrunkDoc } from '../../queues/phones.ts';
import { assertNever } from '../../src/base/errors.ts';
import type { AccountId } from '../../src/base/ids.ts';
import { parseUri } from '../edge/uri.ts';
import { callerOf, userOf } from '../flows/caller.ts';
import { takeCall } from '../flows/inbound.ts';
import { placeCall } from '../flows/placed.ts';
import type { Switchboard } from '../flows/switchboard.ts';
import type { Authenticator } from '../registrar/authenticator.ts';
import { calledTexts, formsOf, isNumber } from './called.ts';
import type { Guards } from './guards.ts';
import type { Link } from './link.ts';
import { Recent } from './recent.ts';
import type { IncomingRequest, OutgoingResponse } from './srf.ts';

type Line = { readonly scope: Scope; readonly doc: NumberDoc };
type KnownTrunk = { readonly scope: Scope; readonly doc: TrunkDoc };
type TrunkSources = { readonly trunk: KnownTrunk; readonly sources: BlockList };

/** How long a number may lead where it led before. */
const LINES_MS = 1_000;
const USERNAME = /^[A-Za-z0-9_.-]{1,64}$/;

export class Intake {
  readonly #board: Switchboard;
  readonly #guards: Guards;
  readonly #lines = new Recent<Line | undefined>(LINES_MS);
  readonly #authenticator: Pick<Authenticator, 'judge' | 'blockedSec'> | undefined;
  /** Of the trunks as last told. */
  #trunks: readonly KnownTrunk[] = [];
  #sources: readonly TrunkSources[] = [];

  constructor(board: Switchboard, guards: Guards, authenticator: Pick<Authenticator, 'judge' | 'blockedSec'> | undefined) {
    this.#board = board;
    this.#guards = guards;
    this.#authenticator = authenticator;
  }

  async invite(link: Link, request: IncomingRequest, response: OutgoingResponse): Promise<void> {
    const trunk = await this.#trunkOf(request);
    const allowed = this.#guards.newCall(request.source_address, trunk !== undefined);
    if (!allowed.ok) return response.send(allowed.status, { headers: { 'Retry-After': String(allowed.retryAfterSec) } });
    const dialled = userOf(request.uri);
    const line = await this.#lineOf(request, trunk);
    if (!line) return this.#place(link, request, response, { dialled, isTrunk: trunk !== undefined });
    if (!line.doc.isActive) return response.send(480);
    const caller = callerOf(request, trunk !== undefined);
    await takeCall(this.#board, { link, request, response, scope: line.scope, number: line.doc, caller });
  }

  async #lineOf(request: IncomingRequest, trunk: KnownTrunk | undefined): Promise<Line | undefined> {
    const texts = calledTexts(request, trunk?.doc);
    if (trunk) return this.#lineOfTrunk(texts, trunk);
    const [dialled] = texts;
    if (dialled === undefined) return undefined;
    // Asked side by side: of most callers nothing is known.
    const [account, line] = await Promise.all([this.#accountOf(request), this.#first(formsOf(dialled))]);
    if (!account && line) return line;
    const home = account ?? (await this.#board.engine.config.accountOfDomain(parseUri(request.uri)?.host ?? ''));
    return home && this.#first(formsOf(dialled), home);
  }

  /** As it was written, as a rule; only where that leads nowhere, the account is asked where it is at home. */
  async #lineOfTrunk(texts: readonly string[], { scope }: KnownTrunk): Promise<Line | undefined> {
    const line = await this.#first(texts, scope.accountId);
    if (line || texts.length === 0) return line;
    const homeCountry = (await this.#board.engine.config.account(scope))?.outbound.homeCountry ?? '';
    return this.#first(
      texts.flatMap((text) => formsOf(text, homeCountry)),
      scope.accountId,
    );
  }

  async #first(numbers: readonly string[], account?: AccountId): Promise<Line | undefined> {
    const { phones } = this.#board.engine;
    for (const number of numbers) {
      const line = await this.#lines.get(`${account ?? ''} ${number}`, () => phones.number(number, account));
      if (line) return line;
    }
    return undefined;
  }

  /** A phone of an agent that calls somebody. */
  async #place(
    link: Link,
    request: IncomingRequest,
    response: OutgoingResponse,
    { dialled, isTrunk }: { readonly dialled: string; readonly isTrunk: boolean },
  ): Promise<void> {
    const user = userOf(request.get('From') ?? '');
    if (!this.#authenticator || !USERNAME.test(user) || !(isNumber(dialled) || USERNAME.test(dialled))) return response.send(404);
    // Phones may stand behind the address of a trunk; the trunk itself reaches queues alone.
    if (isTrunk && !(await this.#board.engine.phones.phoneByUsername(user))) return response.send(404);
    let isCancelled = false;
    request.on('cancel', () => {
      isCancelled = true;
    });
    const source = request.source_address;
    const blockedSec = this.#authenticator.blockedSec(source);
    if (blockedSec > 0) return response.send(503, { headers: { 'Retry-After': String(blockedSec) } });
    const credentials = request.get('Proxy-Authorization');
    const judged = await this.#authenticator.judge({ method: 'INVITE', source, credentials, user });
    switch (judged.kind) {
      case 'challenge':
        return response.send(407, { headers: { 'Proxy-Authenticate': judged.text } });
      case 'malformed':
        return response.send(400);
      case 'refused':
        this.#board.log.info({ source }, 'placing.refused');
        return response.send(403);
      case 'known':
        break;
      default:
        return assertNever(judged);
    }
    const { scope, agentId, username } = judged.registrant;
    if (agentId === '') return response.send(404);
    if (isCancelled) return;
    await placeCall(this.#board, { link, request, response, scope, agentId, username, dialled });
  }

  /** An extension is one of the account whose phone calls, or whose domain is called; that the name is not proven harms nothing, for all it leads to are queues. */
  async #accountOf(request: IncomingRequest): Promise<AccountId | undefined> {
    const user = userOf(request.get('From') ?? '');
    if (!USERNAME.test(user)) return undefined;
    return (await this.#board.engine.phones.phoneByUsername(user))?.scope.accountId;
  }

  /** By where it sends from; or it calls the Contact that we registered, whose name nobody but the provider was told. */
  async #trunkOf({ source_address: address, uri }: IncomingRequest): Promise<KnownTrunk | undefined> {
    const trunks = await this.#board.engine.phones.trunks();
    if (trunks !== this.#trunks) {
      this.#trunks = trunks;
      this.#sources = trunks.filter(({ doc }) => doc.isActive).map((trunk) => ({ trunk, sources: sourcesOf(trunk.doc) }));
    }
    if (this.#sources.length === 0) return undefined;
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const called = userOf(uri);
    const isIts = ({ trunk: { doc }, sources }: TrunkSources): boolean =>
      (doc.type === 'provider' && doc.id === called) || sources.check(address, family);
    return this.#sources.find(isIts)?.trunk;
  }
}

function sourcesOf({ sources }: TrunkDoc): BlockList {
  const list = new BlockList();
  for (const source of sources) {
    const [address = '', bits] = source.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    try {
      if (bits === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(bits), family);
    } catch {
      // Not an address: matches nothing.
    }
  }
  return list;
}
