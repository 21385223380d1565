/**
 * How REDIS_URL is written: `redis://` or `rediss://` with one server; `redis+cluster://` or `rediss+cluster://` with nodes of a Redis Cluster
 * joined by commas, user and password once before the first: `redis+cluster://:secret@10.0.0.1:7000,10.0.0.2:7000`.
 */
const CLUSTER = /^(rediss?)\+cluster:\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/0?)?$/;
const SINGLE = /^rediss?:$/;

export const isClusterUrl = (url: string): boolean => /^rediss?\+cluster:/.test(url);

/** The servers of a REDIS_URL as URLs of one server each; empty when it is not written as it must be. */
export function redisServers(url: string): string[] {
  if (!isClusterUrl(url)) return URL.canParse(url) && SINGLE.test(new URL(url).protocol) ? [url] : [];
  const [, protocol, credentials, hosts] = CLUSTER.exec(url) ?? [];
  const servers = (hosts ?? '').split(',').map((host) => `${protocol}://${credentials ? `${credentials}@` : ''}${host}`);
  return servers.every((server) => URL.canParse(server) && SINGLE.test(new URL(server).protocol)) ? servers : [];
}
