/** What phones need of Redis beside the routing, put together (`../phones.ts`). Created by the engine, which closes it. */
import type { Logger } from '../../src/base/log.ts';
import type { Commands } from '../commands.ts';
import type { Config, Lease } from '../engine.ts';
import { carrierKey } from '../keys.ts';
import type { Phones } from '../phones.ts';
import type { Reader, ScriptRunner } from '../redis.ts';
import { Bindings } from './bindings.ts';
import { PhonesConfiguration } from './configuration.ts';
import { Mailbox } from './mailbox.ts';
import { PhoneNodes } from './nodes.ts';
import { SavedCalls } from './savedCalls.ts';
import { TrunkPlaces } from './trunkPlaces.ts';

/** A call that its node was silent about for so long is carried by nobody. */
const CARRIED_MS = 10_000;

export interface PhonesSource extends Phones {
  /** Says that this process's nodes go, and lets go of its connection. */
  close(): Promise<void>;
}

export function createPhones(options: {
  commands: Commands;
  runner: ScriptRunner;
  prefix: string;
  config: Config;
  lease: Lease;
  log: Logger;
  connect: (key: string) => Reader;
}): PhonesSource {
  const { runner, prefix, lease } = options;
  const configuration = new PhonesConfiguration(options);
  const nodes = new PhoneNodes(options);
  const bindings = new Bindings({ ...options, nodes });
  const savedCalls = new SavedCalls({ ...options, nodes: (mostSilentMs) => nodes.list('sip', mostSilentMs) });
  const places = new TrunkPlaces(options);
  const mailbox = new Mailbox({ ...options, nodeId: lease.nodeId });

  return {
    apply: (entries) => configuration.apply(entries),
    versions: (accountId) => configuration.versions(accountId),
    number: (dialled, accountId) => configuration.number(dialled, accountId),
    phoneByUsername: (username) => configuration.phoneByUsername(username),
    phoneByExtension: (scope, extension) => configuration.phoneByExtension(scope, extension),
    phonesOf: (scope, agentId) => configuration.phonesOf(scope, agentId),
    trunks: () => configuration.trunks(),

    bind: (scope, agentId, binding, name) => bindings.bind(scope, agentId, binding, name ?? ''),
    unbind: (scope, phoneId, instance, order) => bindings.unbind(scope, phoneId, instance, order),
    bindingsOf: (scope, agentId) => bindings.read(scope, 'agent', agentId),
    bindings: (scope, phoneId) => bindings.read(scope, 'phone', phoneId),
    takeLapsed: (limit) => bindings.takeLapsed(limit),
    unbindFlow: (edge, flow) => bindings.unbindFlow(edge, flow),

    announce: (node) => nodes.announce(node),
    nodes: (kind) => nodes.list(kind),
    liveEdges: async () => new Set((await nodes.list('edge')).map(({ id }) => id)),

    saveCall: (call, doc) => savedCalls.save(call, doc),
    forgetCall: (call) => savedCalls.forget(call),
    ownCalls: () => savedCalls.own(),
    areCallsElsewhere: () => savedCalls.areElsewhere(),
    takeLapsedCalls: () => savedCalls.takeLapsed(),

    takePlace: (trunk, place, most) => places.take(trunk, place, most),
    keepPlaces: (trunk, held) => places.keep(trunk, held),
    leavePlace: (trunk, place) => places.leave(trunk, place),

    async carry(calls) {
      const entries = calls.flatMap(({ call, interaction }) => [call, interaction].map((id) => [carrierKey(prefix, id), call] as const));
      await Promise.all(
        entries.map(([key, call]) => runner.retrying(() => runner.redis.set(key, `${lease.nodeId}|${call}`, 'PX', CARRIED_MS), key)),
      );
    },
    async carrier(id) {
      const key = carrierKey(prefix, id);
      const place = await runner.retrying(() => runner.redis.get(key), key);
      if (place === null) return undefined;
      const bar = place.lastIndexOf('|');
      return { node: place.slice(0, bar), call: place.slice(bar + 1) };
    },
    ask: (node, command, timeoutMs) => mailbox.ask(node, command, timeoutMs),
    serve: (handle) => mailbox.serve(handle),

    async close() {
      await mailbox.close();
      await nodes.close().catch((error: unknown) => options.log.warn({ err: error }, 'phones.unannounced'));
    },
  };
}
