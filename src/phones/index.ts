/** The routes of phones, and what else the gateway takes from here. */
import type { Route } from '../api/route.ts';
import { callRoutes } from './callRoutes.ts';
import type { PhonesDeps } from './credentials.ts';
import { numberRoutes } from './numberRoutes.ts';
import { outboundRoutes } from './outboundRoutes.ts';
import { phoneRoutes } from './phoneRoutes.ts';
import { SoundFiles } from './soundFiles.ts';
import { soundRoutes } from './soundRoutes.ts';
import { trunkRoutes } from './trunkRoutes.ts';

/** `dataDir`: where uploaded sounds lie. */
export function phonesRoutes(deps: PhonesDeps, dataDir: string): Route[] {
  const routes = [numberRoutes, phoneRoutes, trunkRoutes, outboundRoutes, callRoutes].flatMap((routes) => routes(deps));
  return [...routes, ...soundRoutes(deps, new SoundFiles(dataDir))];
}
