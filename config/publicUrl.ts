/** Where people reach this server by the configuration alone: for links, for what the start prints, for the doctor. */
import type { Env } from './env.ts';

/** A host as it stands in a URL (RFC 3986 3.2.2). */
export const urlHost = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/**
 * PUBLIC_HOST as an address, '' when it is not set. Behind a proxy (TRUST_PROXY) people see HTTPS on its usual port, else this server's own
 * port, unless PUBLIC_PORT says another.
 */
export function configuredUrl({
  PUBLIC_HOST,
  PUBLIC_PORT,
  HTTP_PORT,
  TLS_CERT,
  TRUST_PROXY,
}: Pick<Env, 'PUBLIC_HOST' | 'PUBLIC_PORT' | 'HTTP_PORT' | 'TLS_CERT' | 'TRUST_PROXY'>): string {
  if (PUBLIC_HOST === '') return '';
  const scheme = TLS_CERT || TRUST_PROXY ? 'https' : 'http';
  const usual = scheme === 'https' ? 443 : 80;
  const port = PUBLIC_PORT || (TRUST_PROXY ? usual : HTTP_PORT);
  return `${scheme}://${urlHost(PUBLIC_HOST)}${port === usual ? '' : `:${port}`}`;
}
