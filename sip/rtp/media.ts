/**
 * All phone media of a process: calls, legs, ports, sounds, the clock. Created by the role; the server gives it each application's commands, one at a time
 * per connection. Commands are idempotent by the ids that the caller chose. What an application leaves behind when it dies is kept for 10 s for
 * another to adopt, then closed. Closing order: legs, calls, clock.
 */
import { isIP } from 'node:net';
import { setInterval } from 'node:timers';
import type { z } from 'zod';
import type { Logger } from '../../src/base/log.ts';
import { Call } from './call.ts';
import { Leg } from './leg.ts';
import { HEARD_LATE_MS, Load } from './load.ts';
import { Pacer } from './pacer.ts';
import { NoPortsError, type PortPair, PortRange } from './ports.ts';
import type { LegInfo, RemoteMedia, RtpEvent, rtpCommand, SpareEnd } from './protocol.ts';
import { Sounds, UnknownSoundError } from './sounds.ts';
import { SpareEnds } from './spareEnds.ts';

/** Each leg is looked after so often; all at once would keep packets waiting. */
const HOUSE_MS = 200;
const HOUSE_PARTS = 10;
const ADOPTION_MS = 10_000;
const NOWHERE = new Set(['0.0.0.0', '::']);

export type RefusalCode = 'unknown_leg' | 'no_ports' | 'bad_request' | 'unauthenticated' | 'overloaded' | 'unknown_sound';

/** A command that is not carried out, as the answer says it. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

export interface MediaOptions {
  readonly ports: { readonly low: number; readonly high: number };
  /** What phones are told to send to. */
  readonly addresses: { readonly IPv4: string; readonly IPv6: string | undefined };
  readonly dataDir: string;
  /** RFC 3550 6.5.1. */
  readonly cname: string;
  readonly log: Logger;
  /** Busy and later than this for seconds, no new leg is taken; absent: what would be heard. */
  readonly mostLateMs?: number;
  /** An event for the application that a leg belongs to. */
  readonly tell: (application: string, event: RtpEvent) => void;
}

/** As the schema gives it: checked, defaults filled in. */
type MediaCommand = Exclude<z.output<typeof rtpCommand>, { do: 'hello' }>;
type Parsed<Do extends MediaCommand['do']> = Extract<MediaCommand, { do: Do }>;
interface Answer {
  readonly leg?: LegInfo;
  readonly legs?: LegInfo[];
  readonly ends?: SpareEnd[];
}

export class Media {
  readonly #options: MediaOptions;
  readonly #calls = new Map<string, Call>();
  readonly #legs = new Map<string, Leg>();
  /** Being opened, so that a repeated command waits for the first. */
  readonly #opening = new Map<string, Promise<Leg>>();
  readonly #orphanedAt = new Map<string, number>();
  readonly #ports: PortRange;
  readonly #spareEnds = new SpareEnds(() => this.#takePorts('IPv4'));
  readonly #sounds: Sounds;
  readonly #pacer = new Pacer();
  readonly #house: NodeJS.Timeout;
  /** Whom it is the turn of. */
  #round = this.#legs.values();
  readonly #load: Load;
  #isClosed = false;

  constructor(options: MediaOptions) {
    this.#options = options;
    this.#load = new Load(options.mostLateMs ?? HEARD_LATE_MS);
    this.#ports = new PortRange(options.ports);
    this.#sounds = new Sounds(options.dataDir);
    this.#house = setInterval(() => this.#keepHouse(), HOUSE_MS / HOUSE_PARTS);
  }

  /** 0 to 1, as `Load` says it: at 1 no new leg is taken. */
  get load(): number {
    return this.#load.share;
  }

  get legCount(): number {
    return this.#legs.size;
  }

  /** @throws Refusal */
  async obey(application: string, command: MediaCommand): Promise<Answer> {
    switch (command.do) {
      case 'leg.open':
        return { leg: (await this.#open(application, command)).info };
      case 'ends.open':
        return { ends: await this.#openEnds(application, command.ends) };
      case 'leg.remote':
        return this.#setRemote(application, command);
      case 'call.hears':
        this.#callOf(application, command.call).hear(command.hears);
        return {};
      case 'leg.play':
        return this.#play(application, command);
      case 'leg.stop':
        this.#legOf(application, command.leg).stop();
        return {};
      case 'leg.mute': {
        const leg = this.#legOf(application, command.leg);
        leg.isMuted = command.isMuted;
        leg.call.rewire();
        return {};
      }
      case 'leg.keys':
        if (!this.#legOf(application, command.leg).press(command.keys)) throw new Refusal('bad_request', 'this phone takes no events');
        return {};
      case 'leg.close':
        return this.#closeLeg(application, command.leg);
      case 'call.close':
        return this.#closeCall(application, command.call);
      case 'calls.keep':
        return this.#keepCalls(application, new Set(command.calls));
      case 'ping':
        return {};
      case 'list':
        return { legs: this.#listed(application) };
      case 'adopt':
        return { legs: command.calls.flatMap((call) => this.#adopt(application, call)) };
    }
  }

  /** Its connection stands (again): what was its, is. */
  applicationCame(application: string): void {
    this.#orphanedAt.delete(application);
    this.#spareEnds.drop(application);
  }

  applicationWent(application: string): void {
    this.#spareEnds.drop(application);
    if (!this.#orphanedAt.has(application)) this.#orphanedAt.set(application, performance.now());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#house);
    this.#load.close();
    for (const call of [...this.#calls.values()]) this.#endCall(call);
    this.#spareEnds.close();
    this.#pacer.close();
  }

  async #open(application: string, command: Parsed<'leg.open'>): Promise<Leg> {
    const standing = this.#legs.get(command.leg) ?? (await this.#opening.get(command.leg));
    if (standing) {
      if (standing.call.id !== command.call || standing.call.application !== application)
        throw new Refusal('bad_request', 'a leg of this name stands in another call');
      return standing;
    }
    // An end that was given before is given to a call that stands.
    if (command.end === undefined) this.#refuseIfTooMuch();
    const owner = this.#calls.get(command.call)?.application;
    if (owner !== undefined && owner !== application) throw new Refusal('bad_request', 'the call is of another application');
    const opening = this.#openPorts(application, command);
    this.#opening.set(command.leg, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(command.leg);
    }
  }

  /** As many of them as there are ports for. */
  async #openEnds(application: string, ends: readonly string[]): Promise<SpareEnd[]> {
    this.#refuseIfTooMuch();
    const opened: SpareEnd[] = [];
    for (const end of ends) {
      const pair = await this.#spareEnds.open(application, end).catch((error: unknown) => {
        if (!(error instanceof Refusal)) throw error;
      });
      if (pair) opened.push({ end, address: this.#options.addresses.IPv4, port: pair.port, rtcpPort: pair.port + 1 });
    }
    return opened;
  }

  #refuseIfTooMuch(): void {
    if (this.#load.isTooMuch) throw new Refusal('overloaded', 'this process carries as much as it can');
  }

  async #takePorts(family: 'IPv4' | 'IPv6'): Promise<PortPair> {
    const pair = await this.#ports.take(family).catch((error: unknown) => {
      if (error instanceof NoPortsError) throw new Refusal('no_ports', error.message);
      throw error;
    });
    if (!this.#isClosed) return pair;
    pair.close();
    throw new Refusal('overloaded', 'this process ends');
  }

  async #openPorts(application: string, { call: callId, leg: id, family, silentAfterMs, end }: Parsed<'leg.open'>): Promise<Leg> {
    const { addresses, cname, tell } = this.#options;
    const address = end === undefined ? addresses[family] : addresses.IPv4;
    if (!address) throw new Refusal('bad_request', 'there is no IPv6 address here');
    const pair = end === undefined ? await this.#takePorts(family) : this.#spareEnds.take(application, end);
    if (!pair) throw new Refusal('unknown_leg', 'there is no such end');
    let call = this.#calls.get(callId);
    if (!call) this.#calls.set(callId, (call = new Call(callId, application, this.#pacer)));
    const owner = call;
    const leg = new Leg({
      id,
      call,
      address,
      pair,
      silentAfterMs,
      pacer: this.#pacer,
      cname,
      tell: (event) => tell(owner.application, event),
    });
    this.#legs.set(id, leg);
    call.add(leg);
    return leg;
  }

  async #setRemote(application: string, { leg: id, remote }: Parsed<'leg.remote'>): Promise<Answer> {
    const leg = this.#legOf(application, id);
    const checked = checkRemote(remote, isIP(leg.info.address));
    // Before anything changes: the music in the new codec.
    const { playing } = leg;
    const track = playing && playing.codec !== checked.codec ? await this.#sounds.track(playing.request.pieces, checked.codec) : undefined;
    leg.setRemote(checked, performance.now());
    if (track && leg.playing === playing) playing?.recode(track);
    leg.call.rewire();
    return { leg: leg.info };
  }

  async #play(application: string, { leg: id, playback }: Parsed<'leg.play'>): Promise<Answer> {
    const leg = this.#legOf(application, id);
    const codec = leg.remote?.codec;
    if (!codec) throw new Refusal('bad_request', 'the leg has no remote side yet');
    if (leg.lastPlayback === playback.id) return {};
    const track = await this.#sounds.track(playback.pieces, codec).catch((error: unknown) => {
      if (error instanceof UnknownSoundError) throw new Refusal('unknown_sound', error.message);
      throw error;
    });
    if (this.#legs.get(id) !== leg) throw new Refusal('unknown_leg', 'the leg was closed');
    leg.play(playback, track, performance.now());
    return {};
  }

  #closeLeg(application: string, id: string): Answer {
    const leg = this.#legs.get(id);
    if (leg && leg.call.application === application) this.#endLeg(leg);
    return {};
  }

  #closeCall(application: string, id: string): Answer {
    const call = this.#calls.get(id);
    if (call?.application === application) this.#endCall(call);
    return {};
  }

  #keepCalls(application: string, kept: ReadonlySet<string>): Answer {
    const over = [...this.#calls.values()].filter((call) => call.application === application && !kept.has(call.id));
    if (over.length > 0) this.#options.log.info({ application, calls: over.length }, 'rtp.calls.over');
    for (const call of over) this.#endCall(call);
    return {};
  }

  /** Its own, and those that belong to nobody who lives. */
  #listed(application: string): LegInfo[] {
    const listed = [...this.#calls.values()].filter((call) => call.application === application || this.#orphanedAt.has(call.application));
    return listed.flatMap((call) => [...call.legs.values()].map((leg) => leg.info));
  }

  #adopt(application: string, id: string): LegInfo[] {
    const call = this.#calls.get(id);
    if (!call || (call.application !== application && !this.#orphanedAt.has(call.application))) return [];
    call.application = application;
    for (const leg of call.legs.values()) leg.tellSilenceAgain();
    return [...call.legs.values()].map((leg) => leg.info);
  }

  #legOf(application: string, id: string): Leg {
    const leg = this.#legs.get(id);
    if (!leg || leg.call.application !== application) throw new Refusal('unknown_leg', 'there is no such leg');
    return leg;
  }

  #callOf(application: string, id: string): Call {
    const call = this.#calls.get(id);
    if (!call || call.application !== application) throw new Refusal('unknown_leg', 'there is no such call');
    return call;
  }

  #endLeg(leg: Leg): void {
    const { call } = leg;
    this.#legs.delete(leg.id);
    call.remove(leg);
    leg.close();
    if (call.legs.size > 0) return;
    call.close();
    this.#calls.delete(call.id);
  }

  #endCall(call: Call): void {
    for (const leg of [...call.legs.values()]) this.#endLeg(leg);
  }

  #keepHouse(): void {
    const now = performance.now();
    const unixMs = Date.now();
    for (let left = Math.ceil(this.#legs.size / HOUSE_PARTS); left > 0; left--) {
      const { value: leg, done } = this.#round.next();
      if (leg) leg.keepHouse(now, unixMs);
      else if (done) this.#round = this.#legs.values();
    }
    for (const [application, at] of this.#orphanedAt) if (now - at >= ADOPTION_MS) this.#bury(application);
  }

  #bury(application: string): void {
    this.#orphanedAt.delete(application);
    const left = [...this.#calls.values()].filter((call) => call.application === application);
    if (left.length > 0) this.#options.log.warn({ application, calls: left.length }, 'rtp.orphans.closed');
    for (const call of left) this.#endCall(call);
  }
}

/** What an SDP may name: one host, of the leg's family; never a group of hosts, so that nobody can aim us at many. */
function checkRemote(remote: RemoteMedia, family: number): RemoteMedia {
  if (isIP(remote.address) !== family) throw new Refusal('bad_request', `remote.address must be an IPv${family} address`);
  const first = Number(remote.address.split('.')[0]);
  const isMany = family === 4 ? first >= 224 : /^ff/i.test(remote.address);
  if (isMany && !NOWHERE.has(remote.address)) throw new Refusal('bad_request', 'remote.address must be one host');
  return remote;
}
