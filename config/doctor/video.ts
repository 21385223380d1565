/**
 * The doctor on what video needs to reach browsers: the address that they are told, and STUN and TURN. Most first-day failures of video are a wrong
 * announced address.
 */
import { lookup } from 'node:dns/promises';
import { BlockList, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { iceServers } from '../../src/video/iceServers.ts';
import type { Env } from '../env.ts';
import { broken, type Finding, ok, warning } from './finding.ts';
import { askIceServer, type IceAnswer } from './turnProbe.ts';

export async function checkVideo(env: Env): Promise<Finding[]> {
  const servers = await Promise.all([...env.STUN_URLS.map(checkStun), ...env.TURN_URLS.map((url) => checkTurn(env, url))]);
  return [await checkAnnounced(env), ...(servers.length > 0 ? servers : [noServers])];
}

const noServers = ok('TURN', 'not configured; needed by visitors whose network lets neither UDP nor TCP through to RTC_PORT');

async function checkAnnounced(env: Env): Promise<Finding> {
  const { PUBLIC_HOST } = env;
  const own = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address));
  if (!PUBLIC_HOST) {
    const remedy = 'set PUBLIC_HOST to the name or address that clients reach this server by; video from other machines fails without it';
    return warning(
      ANNOUNCED,
      `PUBLIC_HOST is not set; this machine has ${own.filter((address) => !address.startsWith('fe80')).join(', ')}`,
      remedy,
    );
  }
  try {
    const { address } = await lookup(PUBLIC_HOST);
    return judgeAnnounced(env, address, own);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return broken(ANNOUNCED, `${PUBLIC_HOST} cannot be resolved (${code})`, 'correct PUBLIC_HOST, or add a DNS record for it');
  }
}

const ANNOUNCED = 'announced address';

/** `address` is what PUBLIC_HOST stands for, which browsers are told; `own` are those of this machine. */
export function judgeAnnounced(
  { PUBLIC_HOST, TLS_CERT, TRUST_PROXY }: Pick<Env, 'PUBLIC_HOST' | 'TLS_CERT' | 'TRUST_PROXY'>,
  address: string,
  own: readonly string[],
): Finding {
  const is = address === PUBLIC_HOST ? PUBLIC_HOST : `${PUBLIC_HOST} is ${address}`;
  const remedy = 'set PUBLIC_HOST to the name or address that clients reach this server by';
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (unspecified.check(address, family)) return broken(ANNOUNCED, `${is}, which is where to listen, not where to be found`, remedy);
  if (loopback.check(address, family)) {
    const text = `${is}: browsers on other machines would look for video on themselves`;
    // With a certificate or a proxy it is meant for others.
    return TLS_CERT || TRUST_PROXY ? broken(ANNOUNCED, text, remedy) : warning(ANNOUNCED, text, `right on a laptop; else ${remedy}`);
  }
  if (family === 'ipv6')
    return broken(ANNOUNCED, `${is}, and video listens on IPv4`, 'add an A record, or set PUBLIC_HOST to an IPv4 address');
  if (nearby.check(address, family))
    return warning(ANNOUNCED, `${is}, a private address: video reaches browsers of that network alone`, `right inside it; else ${remedy}`);
  if (own.includes(address)) return ok(ANNOUNCED, `${is}, an address of this machine`);
  return warning(
    ANNOUNCED,
    `${is}, which is not an address of this machine`,
    'right behind NAT or in a container if the ports are forwarded; else correct PUBLIC_HOST or its DNS record',
  );
}

function blocks(...prefixes: readonly (readonly [net: string, prefix: number, family?: 'ipv6'])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix, family] of prefixes) list.addSubnet(net, prefix, family ?? 'ipv4');
  return list;
}
const unspecified = blocks(['0.0.0.0', 8], ['::', 128, 'ipv6']);
const loopback = blocks(['127.0.0.0', 8], ['::1', 128, 'ipv6']);
/** RFC 1918, RFC 6598 (carriers), RFC 3927. */
const nearby = blocks(['10.0.0.0', 8], ['172.16.0.0', 12], ['192.168.0.0', 16], ['100.64.0.0', 10], ['169.254.0.0', 16]);

async function checkStun(url: string): Promise<Finding> {
  const answer = await askIceServer(url);
  if (answer.kind === 'answered') return ok(`STUN ${url}`, 'answers');
  return broken(`STUN ${url}`, told(answer), 'correct STUN_URLS, start the server, or let its port through the firewall');
}

async function checkTurn(env: Env, url: string): Promise<Finding> {
  const subject = `TURN ${url}`;
  const [{ username = '', credential = '' } = {}] = iceServers({ ...env, STUN_URLS: [], TURN_URLS: [url] }, 'doctor');
  const answer = await askIceServer(url, { username, credential });
  if (answer.kind === 'answered') return ok(subject, 'gives an allocation to our credentials');
  if (answer.kind === 'refused' && answer.code === 401)
    return broken(
      subject,
      'does not take our credentials (401)',
      'give TURN_SECRET and static-auth-secret of coturn (with use-auth-secret) the same value, and both machines the right time',
    );
  return broken(subject, told(answer), 'correct TURN_URLS, start the server, or let its port through the firewall');
}

function told(answer: Exclude<IceAnswer, { kind: 'answered' }>): string {
  return answer.kind === 'refused' ? `refuses: ${answer.code} ${answer.reason}` : `does not answer (${answer.reason})`;
}
