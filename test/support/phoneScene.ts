/**
 * An account with a voice queue, numbers that lead to it, agents with SIP phones and a trunk, as the copies in Redis that the SIP application reads:
 * `const scene = await createPhoneScene(engine)`. Without PostgreSQL; `Center.phoneAccount` (test/access/support) makes the same by REST.
 */
import {
  type AgentDoc,
  agentDefaults,
  type ConfigInput,
  type OutboundRules,
  outboundRules,
  type QueueDoc,
  queueDefaults,
} from '../../queues/config.ts';
import type { Engine, Scope } from '../../queues/engine.ts';
import type { NumberDoc, PhoneDoc, TrunkDoc } from '../../queues/phones.ts';
import { newId, type QueueId, type UserId } from '../../src/base/ids.ts';
import { seal, sealPurpose } from '../../src/base/seal.ts';
import { type Credentials, newCredentials, sealedHa1s } from '../../src/phones/credentials.ts';

/** What `createTestCenter`s and these scenes seal with. */
export const SCENE_SECRET_KEY = 'k'.repeat(40);

export interface SceneAgent {
  readonly id: UserId;
  readonly name: string;
  readonly phone: PhoneDoc;
  /** What the phone registers with. */
  readonly credentials: Credentials;
}

export interface PhoneScene {
  readonly scope: Scope;
  readonly queueId: QueueId;
  /** Leads to the queue. */
  readonly extension: string;
  /** The same from outside. */
  readonly did: string;
  readonly agents: readonly SceneAgent[];
  readonly trunk: TrunkDoc;
  addAgent(): Promise<SceneAgent>;
  addQueue(settings?: Partial<QueueDoc>): Promise<QueueId>;
  addNumber(number: string, queueId: QueueId): Promise<NumberDoc>;
  addTrunk(settings?: Partial<TrunkDoc> & { readonly password?: string }): Promise<TrunkDoc>;
  changeQueue(id: QueueId, settings: Partial<QueueDoc>): Promise<void>;
  changeAgent(agent: Pick<SceneAgent, 'id' | 'name'>, settings: Partial<AgentDoc>): Promise<void>;
  /** What may be called out; what is left out is as in a new scene: Italy, local, national and mobile numbers. */
  changeOutbound(rules: Partial<OutboundRules>): Promise<void>;
}

export interface SceneOptions {
  readonly agents?: number;
  readonly queue?: Partial<QueueDoc>;
  readonly extension?: string;
  readonly did?: string;
  /** Addresses that the scene's trunk calls from; everybody on loopback unless told. */
  readonly trunkSources?: readonly string[];
  readonly partition?: number;
  readonly secretKey?: string;
}

let versions = Date.now();

export async function createPhoneScene(engine: Engine, options: SceneOptions = {}): Promise<PhoneScene> {
  const { extension = '100', did = '+390212345678', partition = 7, secretKey = SCENE_SECRET_KEY } = options;
  const accountId = newId('account');
  const scope: Scope = { accountId, partition };
  const apply = async (doc: ConfigInput): Promise<void> => {
    await engine.config.apply([{ kind: doc.kind, id: doc.id, accountId, version: ++versions, doc }]);
  };
  const applyPhones = async <Doc extends NumberDoc | PhoneDoc | TrunkDoc>(doc: Doc): Promise<Doc> => {
    await engine.phones.apply([{ kind: doc.kind, id: doc.id, accountId, version: ++versions, doc }]);
    return doc;
  };
  const queues: QueueId[] = [];
  const agents: SceneAgent[] = [];

  const changeQueue = (id: QueueId, settings: Partial<QueueDoc>): Promise<void> =>
    apply({ kind: 'queue', id, accountId, name: 'Calls', ...queueDefaults, mode: 'longest_idle', channel: 'voice', ...settings });
  async function addQueue(settings: Partial<QueueDoc> = {}): Promise<QueueId> {
    const id = newId('queue');
    await changeQueue(id, settings);
    queues.push(id);
    return id;
  }

  const changeAgent: PhoneScene['changeAgent'] = ({ id, name }, settings) =>
    apply({ kind: 'agent', id, accountId, name, ...agentDefaults, hasPhone: true, queues: [...queues], ...settings });
  const changeOutbound: PhoneScene['changeOutbound'] = (rules) => {
    const outbound = outboundRules.parse({ homeCountry: 'IT', countries: ['IT'], perAgentPerMinute: 100, ...rules });
    return apply({ kind: 'account', id: accountId, name: 'Test', isActive: true, origins: [], outbound });
  };

  async function addAgent(): Promise<SceneAgent> {
    const id = newId('user');
    const name = `Agent ${agents.length + 1}`;
    const phoneId = newId('phone');
    const credentials = newCredentials(`agent-${phoneId.slice(-8)}`);
    const { sealed_ha1: sealedHa1, sealed_ha1_sha256: sealedHa1Sha256 } = sealedHa1s(secretKey, phoneId, credentials);
    const extension = String(701 + agents.length);
    const named = { id: phoneId, accountId, userId: id, name: 'Desk phone', username: credentials.username, number: '', extension };
    const phone = await applyPhones({ kind: 'phone', type: 'sip', ...named, sealedHa1, sealedHa1Sha256, isActive: true });
    await changeAgent({ id, name }, {});
    const agent = { id, name, phone, credentials };
    agents.push(agent);
    return agent;
  }

  const addNumber = (number: string, queueId: QueueId): Promise<NumberDoc> =>
    applyPhones({ kind: 'number', id: newId('number'), accountId, number, label: '', queueId, isActive: true });

  async function addTrunk({ password, ...settings }: Partial<TrunkDoc> & { password?: string } = {}): Promise<TrunkDoc> {
    const id = newId('trunk');
    return applyPhones({
      kind: 'trunk',
      id,
      accountId,
      name: 'Trunk',
      type: 'address',
      sources: ['127.0.0.1'],
      host: '127.0.0.1',
      port: 0,
      transport: 'udp',
      username: '',
      sealedSecret: password === undefined ? '' : seal(secretKey, sealPurpose.trunkSecret(id), password),
      prefixes: ['+39'],
      callerId: did,
      maxCalls: 100,
      maxCallsPerMinute: 1_000,
      maxMinutesPerDay: 0,
      isActive: true,
      ...settings,
    });
  }

  await engine.config.place(accountId, partition);
  await changeOutbound({});
  const queueId = await addQueue(options.queue);
  await addNumber(extension, queueId);
  await addNumber(did, queueId);
  const trunk = await addTrunk(options.trunkSources ? { sources: [...options.trunkSources] } : {});
  for (let count = 0; count < (options.agents ?? 1); count++) await addAgent();
  const changes = { changeQueue, changeAgent, changeOutbound };
  return { scope, queueId, extension, did, agents, trunk, addAgent, addQueue, addNumber, addTrunk, ...changes };
}
