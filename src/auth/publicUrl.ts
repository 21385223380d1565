/** The address people reach this server by, for links and snippets: as configured, else as the request came. */
import type { Env } from '../../config/env.ts';
import type { RouteRequest } from '../api/route.ts';

/** Names, addresses and a port: what may stand in a link or a page without escaping. */
const HOST = /^([\w.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/;

type Headers = Pick<RouteRequest<unknown, unknown, unknown>, 'header'>;

/**
 * PUBLIC_HOST as an address, '' when it is not set. Behind a proxy (TRUST_PROXY) people see HTTPS on its usual port, else this server's own
 * port, unless PUBLIC_HOST names one.
 */
export function configuredUrl({
  PUBLIC_HOST,
  HTTP_PORT,
  TLS_CERT,
  TRUST_PROXY,
}: Pick<Env, 'PUBLIC_HOST' | 'HTTP_PORT' | 'TLS_CERT' | 'TRUST_PROXY'>): string {
  if (PUBLIC_HOST === '') return '';
  const scheme = TLS_CERT || TRUST_PROXY ? 'https' : 'http';
  const isUsualPort = TRUST_PROXY || HTTP_PORT === (scheme === 'https' ? 443 : 80) || /:\d+$/.test(PUBLIC_HOST);
  return `${scheme}://${PUBLIC_HOST}${isUsualPort ? '' : `:${HTTP_PORT}`}`;
}

export function publicUrlOf(configured: string, request: Headers): string {
  if (configured !== '') return configured.replace(/\/$/, '');
  const host = request.header('host') ?? '';
  return `${isHttps(request) ? 'https' : 'http'}://${HOST.test(host) ? host : 'localhost'}`;
}

/** Whether the browser speaks HTTPS, here or with a proxy before us: cookies are then marked Secure. */
export function isSecure(configured: string, request: Headers): boolean {
  return configured.startsWith('https:') || isHttps(request);
}

function isHttps(request: Headers): boolean {
  return request.header('x-forwarded-proto') === 'https';
}
