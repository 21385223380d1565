/** The routes of phones, and what else the gateway takes from here. */
import type { AccessDeps } from '../accounts/deps.ts';
import type { Route } from '../api/route.ts';
import { callRoutes } from './callRoutes.ts';
import { numberRoutes } from './numberRoutes.ts';
import { outboundRoutes } from './outboundRoutes.ts';
import { phoneRoutes } from './phoneRoutes.ts';
import { trunkRoutes } from './trunkRoutes.ts';

export function phonesRoutes(deps: AccessDeps): Route[] {
  return [numberRoutes, phoneRoutes, trunkRoutes, outboundRoutes, callRoutes].flatMap((routes) => routes(deps));
}
