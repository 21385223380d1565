/**
 * Redis as a cluster: the 64 partitions are 64 hash slots, spread over its nodes. A command goes to the node that owns its partition; when
 * that moved (MOVED, a failover) it follows, and the router repeats what got no answer, as with a single server. Created by `redis.ts`.
 *
 * A partition whose slot is being moved key by key is refused (ASK is not followed): a script needs all keys of its partition in one
 * place, and on the new owner it would find half of them. Its commands are answered with `unavailable` until the slot has arrived. Move slots
 * atomically (Redis 8.4, Valkey 9) or while a partition is drained. A failover may lose what a replica had not been sent: ask for
 * `min-replicas-to-write` where that matters. Commands are not gathered into pipelines here: ioredis's, when one of them meets ASK, loses answers.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Cluster, type ClusterOptions, Command, Redis, type RedisOptions } from 'ioredis';
import { redisServers } from '../config/redisAddress.ts';

const SLOTS_REFRESH_MS = 5_000;

type Errors = Parameters<Cluster['handleError']>[2];

/** Follows a slot that has moved; gives back everything else, so that nothing is sent twice unnoticed. */
class PartitionCluster extends Cluster {
  override handleError(error: Error, ttl: { value?: number }, handlers: Errors): void {
    if (error.message.startsWith('ASK ')) handlers.defaults();
    else super.handleError(error, ttl, handlers);
  }
}

/** Where nodes are asked for, and what every connection to one needs. */
function addressOf(url: string): { nodes: { host: string; port: number }[]; login: RedisOptions } {
  const servers = redisServers(url).map((server) => new URL(server));
  const [{ username = '', password = '', protocol = '' } = {}] = servers;
  return {
    nodes: servers.map(({ hostname, port }) => ({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 6379 })),
    login: {
      ...(username ? { username: decodeURIComponent(username) } : {}),
      ...(password ? { password: decodeURIComponent(password) } : {}),
      ...(protocol === 'rediss:' ? { tls: {} } : {}),
    },
  };
}

/** For commands: never resends by itself, and holds nothing back for a node that is away. */
export function connectCluster(url: string, node: RedisOptions, options: ClusterOptions): Cluster {
  const { nodes, login } = addressOf(url);
  return new PartitionCluster(nodes, {
    ...options,
    redisOptions: { ...node, ...login },
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    clusterRetryStrategy: (attempt) => Math.min(10 * 2 ** Math.min(attempt, 7), 1_000),
  });
}

/** The address of the node that owns the key's slot, as far as is known. */
function ownerOf(cluster: Cluster, key: string): string | undefined {
  return cluster.slots[Number(new Command('get', [key]).getSlot())]?.[0];
}

/** A connection of its own to whichever node owns the key: looked up anew whenever it connects. */
export function connectOwner(url: string, cluster: Cluster, key: string, options: RedisOptions): Redis {
  const { nodes, login } = addressOf(url);

  class OwnerConnector extends AbstractConnector {
    constructor({ disconnectTimeout = 2_000 }: { disconnectTimeout?: number }) {
      super(disconnectTimeout);
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      const owner = ownerOf(cluster, key);
      // Any node tells where the slot is (MOVED).
      const { host, port } = owner ? splitAddress(owner) : (nodes[0] ?? { host: '127.0.0.1', port: 6379 });
      const stream = login.tls ? connectTls({ host, port, servername: host }) : connectPlain({ host, port });
      stream.once('error', (error: Error) => {
        this.firstError = error;
      });
      this.stream = stream;
      return stream;
    }
  }

  return new Redis({ ...options, ...login, Connector: OwnerConnector as unknown as NonNullable<RedisOptions['Connector']> });
}

function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** The connection for commands to the node that owns the key, as far as is known; nobody else may close it for good. */
export function ownerNode(cluster: Cluster, key: string): Redis | undefined {
  const owner = ownerOf(cluster, key);
  return cluster.nodes('master').find(({ options }) => `${options.host}:${options.port}` === owner);
}

/** Whether the answer says that the slot is (or is about to be) elsewhere. */
export const isMoved = (error: unknown): boolean =>
  error instanceof Error && /^(MOVED|ASK|UNBLOCKED|CLUSTERDOWN|READONLY|TRYAGAIN)\b/.test(error.message);
