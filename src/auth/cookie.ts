/**
 * The sign-in cookie, and the proof that a request with it comes from our own pages: a cookie is sent by the browser on its own, so
 * a change needs a header that a foreign page cannot set (`X-Centralino: 1`) or the browser's word (`Sec-Fetch-Site: same-origin`).
 */
export const SESSION_COOKIE = 'centralino';

/** Value of the named cookie in a `Cookie` header. */
export function readCookie(header: string | undefined, name: string = SESSION_COOKIE): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** `Set-Cookie` for the token; an empty token removes it. */
export function sessionCookie(token: string, { isSecure, maxAgeSec }: { isSecure: boolean; maxAgeSec: number }): string {
  const age = token === '' ? 0 : maxAgeSec;
  return `${SESSION_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${age}${isSecure ? '; Secure' : ''}`;
}

export interface CrossSiteProof {
  /** `X-Centralino`. */
  readonly ownHeader: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly fetchSite: string | undefined;
}

export function isFromOwnPage(proof: CrossSiteProof): boolean {
  return proof.ownHeader === '1' || proof.fetchSite === 'same-origin';
}
