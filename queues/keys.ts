/** Names of keys that TypeScript touches; all others are made inside the scripts from the same partition prefix. */
export const PARTITIONS = 64;

/** Prefix of a partition's keys. The braces make a Redis Cluster keep them in one slot. */
export const partitionKey = (prefix: string, partition: number): string => `${prefix}{p${partition}}`;

export const logKey = (prefix: string, partition: number): string => `${partitionKey(prefix, partition)}:log`;

/** Account → partition, group public id → account, the partitions in use; small, read at the edge, rebuilt from configuration. */
export const directoryKey = (prefix: string, name: 'accounts' | 'groups' | 'partitions'): string => `${prefix}{dir}:${name}`;

/** Worker processes by the time (Unix ms) until which they count as there. */
export const workersKey = (prefix: string): string => `${prefix}{dir}:workers`;

/** Best-effort signals. */
export const signalChannel = (prefix: string): string => `${prefix}{sig}`;
