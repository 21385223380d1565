/** Names of keys that TypeScript touches; all others are made inside the scripts from the same partition prefix. */
export const PARTITIONS = 64;

/** Prefix of a partition's keys. The braces make a Redis Cluster keep them in one slot. */
export const partitionKey = (prefix: string, partition: number): string => `${prefix}{p${partition}}`;

export const logKey = (prefix: string, partition: number): string => `${partitionKey(prefix, partition)}:log`;

/** Prefix of what is kept for all accounts together; small. */
export const directoryPrefix = (prefix: string): string => `${prefix}{dir}`;

/**
 * Account → partition, SIP domain → account, group public id → account, the partitions in use: read at the edge, rebuilt from configuration. Likewise of phones: DID → number,
 * username → phone, the trunks and their edition.
 */
export const directoryKey = (
  prefix: string,
  name: 'accounts' | 'domains' | 'groups' | 'partitions' | 'numbers' | 'usernames' | 'trunks' | 'trunkEdition',
): string => `${directoryPrefix(prefix)}:${name}`;

/** Worker processes by the time (Unix ms) until which they count as there. */
export const workersKey = (prefix: string): string => `${prefix}{dir}:workers`;

/** Best-effort signals. */
export const signalChannel = (prefix: string): string => `${prefix}{sig}`;

/** Prefix of a node's mailbox and of the sign that it reads it. */
export const nodePrefix = (prefix: string, nodeId: string): string => `${prefix}{node:${nodeId}}`;

/** Calls that go out by a trunk. */
export const trunkPlacesKey = (prefix: string, trunk: string): string => `${prefix}places:${trunk}`;

/** Which node carries the video room of an interaction. */
export const roomKey = (prefix: string, id: string): string => `${prefix}room:${id}`;

/** Which node carries a call, by the id of the call or of its interaction. */
export const carrierKey = (prefix: string, id: string): string => `${prefix}carrier:${id}`;
