/** Finds the route of a request. Built once from the table of routes; the order of the table does not matter. */
import type { Method, Route } from '../api/route.ts';

export type Match =
  | { readonly kind: 'found'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  /** The address exists, but not with this method. */
  | { readonly kind: 'wrong_method'; readonly allowed: readonly Method[] }
  | { readonly kind: 'unknown' };

interface Shape {
  readonly segments: readonly string[];
  readonly routes: Map<Method, Route>;
}

export class RouteTable {
  readonly #shapes = new Map<string, Shape>();

  /** @throws Error when two routes share method and address, or one address names its parameters in two ways. */
  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const shape = this.#shapeOf(route.path);
      if (shape.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${route.path}`);
      shape.routes.set(route.method, route);
    }
  }

  /** `HEAD` finds the `GET` route. An exact segment wins over a parameter. */
  find(method: string, path: string): Match {
    const segments = path.split('/');
    let best: { shape: Shape; params: Record<string, string>; exact: number } | undefined;
    for (const shape of this.#shapes.values()) {
      const params = paramsOf(shape.segments, segments);
      if (!params) continue;
      const exact = shape.segments.length - Object.keys(params).length;
      if (!best || exact > best.exact) best = { shape, params, exact };
    }
    if (!best) return { kind: 'unknown' };
    const route = best.shape.routes.get((method === 'HEAD' ? 'GET' : method) as Method);
    return route ? { kind: 'found', route, params: best.params } : { kind: 'wrong_method', allowed: [...best.shape.routes.keys()] };
  }

  #shapeOf(path: string): Shape {
    const key = path.replace(/:\w+/g, ':');
    const known = this.#shapes.get(key);
    if (known && known.segments.join('/') !== path)
      throw new Error(`${path} and ${known.segments.join('/')} name their parameters differently`);
    if (known) return known;
    const shape: Shape = { segments: path.split('/'), routes: new Map() };
    this.#shapes.set(key, shape);
    return shape;
  }
}

/** The parameters when the address has the shape; undefined when not, or when a segment is not valid percent-encoding. */
function paramsOf(shape: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (shape.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (let index = 0; index < shape.length; index++) {
    const wanted = shape[index] as string;
    const given = segments[index] as string;
    if (!wanted.startsWith(':')) {
      if (wanted !== given) return undefined;
    } else {
      if (given === '') return undefined;
      try {
        params[wanted.slice(1)] = decodeURIComponent(given);
      } catch (error) {
        if (error instanceof URIError) return undefined;
        throw error;
      }
    }
  }
  return params;
}
