/** The address people reach this server by, for links and snippets: as configured, else as the request came. */
import type { RouteRequest } from '../api/route.ts';

/** Names, addresses and a port: what may stand in a link or a page without escaping. */
const HOST = /^([\w.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:\d{1,5})?$/;

type Headers = Pick<RouteRequest<unknown, unknown, unknown>, 'header'>;

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
