/** The address people reach this server by, for links and snippets: as configured, else as the request came. */
import type { RouteRequest } from '../api/route.ts';

type Headers = Pick<RouteRequest<unknown, unknown, unknown>, 'header'>;

export function publicUrlOf(configured: string, request: Headers): string {
  if (configured !== '') return configured.replace(/\/$/, '');
  return `${isHttps(request) ? 'https' : 'http'}://${request.header('host') ?? 'localhost'}`;
}

/** Whether the browser speaks HTTPS, here or with a proxy before us: cookies are then marked Secure. */
export function isSecure(configured: string, request: Headers): boolean {
  return configured.startsWith('https:') || isHttps(request);
}

function isHttps(request: Headers): boolean {
  return request.header('x-forwarded-proto') === 'https';
}
