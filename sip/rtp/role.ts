/**
 * The role `rtp`: a process of phone media. It announces itself in Redis every second; applications find it there and command it over its control port.
 * Losing Redis stops the announcing, not the talk. Closing order: no new calls, those that stand may end, control port, media, engine.
 */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { redisServers } from '../../config/redisAddress.ts';
import { createEngine } from '../../queues/index.ts';
import type { RoleContext, RunningRole } from '../../src/base/context.ts';
import { repeat } from '../../src/base/loop.ts';
import { localToward } from '../edge/address.ts';
import { Media } from './media.ts';
import { ControlServer, controlSecret } from './server.ts';

const ANNOUNCE_MS = 1_000;
const CLOSE_CHECK_MS = 50;
/** Documentation prefixes (RFC 5737, RFC 3849): the way to anywhere. */
const ANYWHERE = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' } as const;
const LOOPBACK = /^(127\.|localhost$|\[?::1\]?$)/;

/** @throws AppError unavailable (Redis does not answer); an error of the system when the control port cannot be opened */
export async function startRtp(context: RoleContext): Promise<RunningRole> {
  const { env, log, nodeId, dataDir } = context;
  if (!env.REDIS_URL) throw new Error('the rtp role needs REDIS_URL');
  const addresses = await mediaAddresses(env.PUBLIC_HOST);
  const host = controlHost(env.REDIS_URL);
  const engine = await createEngine({ redisUrl: env.REDIS_URL, nodeId, log });
  let isDraining = false;
  let media: Media | undefined;
  const server = await ControlServer.listen({ host: host.listen, port: 0, secret: controlSecret(context.secretKey), log }, (tell) => {
    media = new Media({ ports: env.RTP_PORTS, addresses, dataDir, cname: nodeId, log, tell });
    return media;
  });
  const announce = (): Promise<void> =>
    engine.phones.announce({ kind: 'rtp', host: host.announced, port: server.port, load: media?.load ?? 0, isDraining });
  const announcing = repeat('rtp.announce', ANNOUNCE_MS, announce, log, { firstAfterMs: 0 });
  log.info({ port: server.port, address: addresses.IPv4 }, 'rtp.started');
  return {
    async close(reason) {
      isDraining = true;
      await announce().catch((error: unknown) => log.warn({ err: error }, 'rtp.drain.untold'));
      const deadline = performance.now() + env.DRAIN_SEC * 1_000;
      while ((media?.legCount ?? 0) > 0 && performance.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, CLOSE_CHECK_MS));
      await announcing.close();
      media?.close();
      await server.close();
      await engine.close(reason);
    },
  };
}

/** What phones are told: PUBLIC_HOST, else the address of this machine that faces the world. */
async function mediaAddresses(publicHost: string): Promise<{ IPv4: string; IPv6: string | undefined }> {
  const IPv6 = localToward(ANYWHERE.IPv6);
  const own = { IPv4: localToward(ANYWHERE.IPv4), IPv6: IPv6 === '::1' ? undefined : IPv6 };
  if (publicHost === '') return own;
  const family = isIP(publicHost);
  if (family === 4) return { ...own, IPv4: publicHost };
  if (family === 6) return { ...own, IPv6: publicHost };
  const found = await lookup(publicHost, { all: true }).catch(() => []);
  return {
    IPv4: found.find((one) => one.family === 4)?.address ?? own.IPv4,
    IPv6: found.find((one) => one.family === 6)?.address ?? own.IPv6,
  };
}

/** Where Redis is on this machine, so are the applications, and nobody else reaches the control port. */
function controlHost(redisUrl: string): { listen: string; announced: string } {
  const isHere = redisServers(redisUrl).every((server) => LOOPBACK.test(new URL(server).hostname));
  return isHere ? { listen: '127.0.0.1', announced: '127.0.0.1' } : { listen: '0.0.0.0', announced: localToward(ANYWHERE.IPv4) };
}
