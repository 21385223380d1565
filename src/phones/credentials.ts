/**
 * What a phone or a trunk signs in with. The password is shown once, by the answer that made it; kept is the digest's HA1 (RFC 7616 3.4.2), sealed: enough
 * to check a registration, of no use anywhere else.
 */
import { createHash, randomInt } from 'node:crypto';
import { z } from 'zod';
import { SIP_REALM } from '../../queues/phones.ts';
import type { AccessDeps } from '../accounts/deps.ts';
import { readablePassword } from '../auth/password.ts';
import { publicUrlOf } from '../auth/publicUrl.ts';
import { lanAddresses } from '../base/lanAddresses.ts';
import { seal, sealPurpose } from '../base/seal.ts';

export const credentialsView = z.object({
  username: z.string(),
  password: z.string().describe('Shown once'),
  realm: z.string(),
  server: z.string().describe('Where it registers: a host, with its port where that is not the usual one'),
});
export type Credentials = Omit<z.infer<typeof credentialsView>, 'server'>;

const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';
const CHANCE_CHARS = 6;
const USUAL_PORT = 5060;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export interface PhonesDeps extends AccessDeps {
  /** At which phones register. */
  readonly sipPort: number;
}

/** Readable, and not to be guessed from the name: `anna-desk-7k2mxq`. */
export function newUsername(name: string): string {
  const readable = name
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 20);
  const chance = Array.from({ length: CHANCE_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return readable === '' ? `phone-${chance}` : `${readable}-${chance}`;
}

export function newCredentials(username: string, password: string = readablePassword()): Credentials {
  return { username, password, realm: SIP_REALM };
}

/** The host that people reach this server by, and the port of SIP unless it is the usual one (RFC 3261 19.1.2). */
export function sipServer(deps: PhonesDeps, request: { readonly header: (name: string) => string | undefined }): string {
  const asked = new URL(publicUrlOf(deps.publicUrl, request)).hostname;
  // A page that is opened on the server itself says nothing that helps a phone elsewhere.
  const hostname = (LOOPBACK.test(asked) && lanAddresses()[0]) || asked;
  return deps.sipPort === USUAL_PORT ? hostname : `${hostname}:${deps.sipPort}`;
}

/** The columns of a phone that registers by these. */
export function sealedHa1s(secretKey: string, phoneId: string, credentials: Credentials) {
  return {
    sealed_ha1: seal(secretKey, sealPurpose.phoneHa1(phoneId), ha1('md5', credentials)),
    sealed_ha1_sha256: seal(secretKey, sealPurpose.phoneHa1Sha256(phoneId), ha1('sha256', credentials)),
  };
}

/** HA1 of a trunk that registers with us. */
export function sealedTrunkHa1(secretKey: string, trunkId: string, credentials: Credentials): string {
  return seal(secretKey, sealPurpose.trunkSecret(trunkId), ha1('md5', credentials));
}

function ha1(algorithm: 'md5' | 'sha256', { username, realm, password }: Credentials): string {
  return createHash(algorithm).update(`${username}:${realm}:${password}`).digest('hex');
}
