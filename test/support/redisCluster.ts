/**
 * A Redis Cluster on this machine: three masters as durable as shipped, each with a third of the slots, and if wanted a replica for each.
 * Everything lives in a temporary folder and dies with the process that started it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/supervisor/freePort.ts';
import { askRedis, infoField, type RedisReply } from '../../src/supervisor/redisProbe.ts';
import { RedisServer } from '../../src/supervisor/redisServer.ts';
import { until } from './services.ts';

const PASSWORD = 'test-only';
const SLOTS = 16_384;
const MASTERS = 3;
/** A node that is silent for so long is replaced. */
const NODE_TIMEOUT_MS = 2_000;

export interface ClusterNode {
  readonly url: string;
  readonly port: number;
  /** The node's name in the cluster. */
  readonly id: string;
  ask(...command: string[]): Promise<RedisReply | undefined>;
  /** SIGKILL; resolves when the process is gone. */
  kill9(): Promise<void>;
  restart(): Promise<void>;
}

export interface TestCluster {
  /** `redis+cluster://…`, naming the masters. */
  readonly url: string;
  readonly masters: readonly ClusterNode[];
  readonly replicas: readonly ClusterNode[];
  /** The master that owns the key's slot at the moment. */
  ownerOf(key: string): Promise<ClusterNode>;
  /** Moves the key's slot with all its keys to another master, key by key, as `redis-cli --cluster reshard` does. */
  moveSlot(key: string, to: ClusterNode): Promise<void>;
  stop(): Promise<void>;
}

export async function startTestCluster({ hasReplicas = false } = {}): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'centralino-cluster-'));
  const servers: RedisServer[] = [];

  async function startNode(name: string): Promise<ClusterNode & { readonly bus: number }> {
    const [port, bus] = [await freePort(), await freePort()];
    const settings = [
      'cluster-enabled yes',
      `cluster-port ${bus}`,
      `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
      'cluster-replica-validity-factor 0',
      'cluster-require-full-coverage no',
      'repl-diskless-sync-delay 0',
      `masterauth ${PASSWORD}`,
    ];
    const start = () => RedisServer.start({ dir: join(folder, name), port, password: PASSWORD, settings, onLine: () => undefined });
    let server = await start();
    servers.push(server);
    const { url } = server;
    const ask = async (...command: string[]) => (await askRedis(url, [command]))[0];
    return {
      url,
      port,
      bus,
      id: String(await ask('CLUSTER', 'MYID')),
      ask,
      async kill9() {
        server.kill('SIGKILL');
        await server.ended;
      },
      async restart() {
        server = await start();
        servers.push(server);
      },
    };
  }

  const names = Array.from({ length: MASTERS }, (_, index) => `master-${index + 1}`);
  const masters = await Promise.all(names.map(startNode));
  const replicas = hasReplicas ? await Promise.all(names.map((name) => startNode(name.replace('master', 'replica')))) : [];
  const nodes = [...masters, ...replicas];
  for (const [index, master] of masters.entries()) {
    const [from, to] = [Math.ceil((index * SLOTS) / MASTERS), Math.ceil(((index + 1) * SLOTS) / MASTERS) - 1];
    await master.ask('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    await master.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
  }
  for (const node of nodes.slice(1)) await node.ask('CLUSTER', 'MEET', '127.0.0.1', String(masters[0]?.port), String(masters[0]?.bus));
  const isJoined = async (node: ClusterNode): Promise<boolean> => {
    const info = await node.ask('CLUSTER', 'INFO');
    return infoField(info, 'cluster_state') === 'ok' && infoField(info, 'cluster_known_nodes') === String(nodes.length);
  };
  const allJoined = async (): Promise<boolean> => (await Promise.all(nodes.map(isJoined))).every(Boolean);
  await until(allJoined, { timeoutMs: 30_000, everyMs: 100, what: 'the cluster' });
  for (const [index, replica] of replicas.entries()) {
    await replica.ask('CLUSTER', 'REPLICATE', masters[index]?.id ?? '');
    const isLinked = async (): Promise<boolean> => infoField(await replica.ask('INFO', 'replication'), 'master_link_status') === 'up';
    await until(isLinked, { timeoutMs: 30_000, everyMs: 100, what: 'the replica' });
  }

  /** Of the first node that answers. */
  const askAny = (...command: string[]) =>
    nodes.reduce((asked, node) => asked.catch(() => node.ask(...command)), Promise.reject<RedisReply | undefined>());
  const slotOf = async (key: string): Promise<number> => Number(await askAny('CLUSTER', 'KEYSLOT', key));

  async function ownerOf(key: string): Promise<ClusterNode> {
    const slot = await slotOf(key);
    const ranges = (await askAny('CLUSTER', 'SLOTS')) as [number, number, [string, number]][];
    const range = ranges.find(([from, to]) => from <= slot && slot <= to);
    const owner = nodes.find(({ port }) => port === range?.[2][1]);
    if (!owner) throw new Error(`nobody owns slot ${slot}`);
    return owner;
  }

  return {
    url: `redis+cluster://:${PASSWORD}@${masters.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    masters,
    replicas,
    ownerOf,
    async moveSlot(key, to) {
      const [from, slot] = [await ownerOf(key), String(await slotOf(key))];
      await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
      await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
      for (;;) {
        const keys = (await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, '100')) as string[];
        if (keys.length === 0) break;
        await from.ask('MIGRATE', '127.0.0.1', String(to.port), '', '0', '5000', 'AUTH', PASSWORD, 'KEYS', ...keys);
      }
      for (const node of [to, from, ...masters]) await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
    },
    async stop() {
      await Promise.all(servers.map((server) => server.close(1_000)));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
