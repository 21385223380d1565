/**
 * Every HTTP request ends here: preflight, route, page or file, and the answer with its headers, metrics and log line. Created once per gateway.
 */
import type { GatewayLimits } from '../../config/limits.ts';
import type { RouteResponse } from '../api/route.ts';
import { AppError } from '../base/errors.ts';
import type { Logger } from '../base/log.ts';
import { corsHeaders, foreignOrigin, OriginRefused, preflightHeaders } from './cors.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { Metrics } from './metrics.ts';
import { problemOf } from './problem.ts';
import type { createRouteHandler } from './routeHandler.ts';
import type { Match, RouteTable } from './routeTable.ts';
import { baseHeaders } from './securityHeaders.ts';
import type { StaticFiles } from './staticFiles.ts';

const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export interface HttpHandlerDeps {
  readonly table: RouteTable;
  readonly handleRoute: ReturnType<typeof createRouteHandler>;
  readonly files: StaticFiles | undefined;
  readonly limits: GatewayLimits;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly isTls: boolean;
}

export class HttpHandler {
  readonly #deps: HttpHandlerDeps;
  readonly #headers: Readonly<Record<string, string>>;
  #running = 0;

  constructor(deps: HttpHandlerDeps) {
    this.#deps = deps;
    this.#headers = baseHeaders({ isTls: deps.isTls });
  }

  /** Requests that were not answered yet. */
  get running(): number {
    return this.#running;
  }

  /** Answers the request, whatever happens. Runs up to its first `await` before it returns, so that the body is caught. */
  handle(exchange: Exchange): void {
    this.#handle(exchange).catch((error: unknown) => {
      this.#deps.log.error({ err: error, requestId: exchange.requestId }, 'http.unanswered');
      exchange.cut();
    });
  }

  async #handle(exchange: Exchange): Promise<void> {
    const { table, limits } = this.#deps;
    this.#running++;
    const match = table.find(exchange.method, exchange.path);
    let timer: NodeJS.Timeout | undefined;
    const startTimer = (): void => {
      if (exchange.isOver) return;
      const tooLong = problemOf(new AppError('unavailable', { detail: 'It took too long.' }), exchange.requestId);
      timer = setTimeout(() => this.#finish(exchange, match, tooLong), limits.requestTimeoutMs);
    };
    try {
      this.#finish(exchange, match, await this.#answer(exchange, match, startTimer));
    } catch (error) {
      this.#report(error, exchange, match);
      this.#finish(exchange, match, problemOf(error, exchange.requestId), !(error instanceof OriginRefused));
    } finally {
      clearTimeout(timer);
      this.#running--;
    }
  }

  /** `onReceived`: the request is here as a whole. How slowly a body may come is uWebSockets.js's to bound (16 kB/s), so that a phone can send a file. */
  #answer(exchange: Exchange, match: Match, onReceived: () => void): Promise<Answer> | Answer {
    const origin = exchange.header('origin');
    if (exchange.method === 'OPTIONS' && match.kind !== 'unknown') {
      const allow = allowOf(match);
      return { status: 204, headers: { allow, ...(origin === undefined ? {} : preflightHeaders(origin)) } };
    }
    switch (match.kind) {
      case 'found': {
        const hasBody = exchange.method !== 'GET' && exchange.method !== 'HEAD';
        const body = hasBody ? exchange.receive(match.route.maxBytes ?? this.#deps.limits.jsonMaxBytes) : Promise.resolve(Buffer.alloc(0));
        // A refusal by policy may come first; the body's own error is then nobody's concern.
        body.then(onReceived, () => undefined);
        return this.#deps.handleRoute(exchange, match.route, match.params, body).then(toAnswer);
      }
      case 'wrong_method': {
        const problem = problemOf(new AppError('method_not_allowed'), exchange.requestId);
        return { ...problem, headers: { ...problem.headers, allow: allowOf(match) } };
      }
      case 'unknown':
        return this.#file(exchange);
    }
  }

  async #file(exchange: Exchange): Promise<Answer> {
    const isRead = exchange.method === 'GET' || exchange.method === 'HEAD';
    const file = isRead && !exchange.path.startsWith('/api/') ? await this.#deps.files?.find(exchange) : undefined;
    if (!file) throw new AppError('not_found');
    return file;
  }

  #finish(exchange: Exchange, match: Match, answer: Answer, isReadable = true): void {
    if (exchange.isOver) return;
    const origin = isReadable ? foreignOrigin(exchange) : undefined;
    const cors = origin === undefined ? {} : corsHeaders(origin);
    exchange.answer({ ...answer, headers: { ...this.#headers, 'x-request-id': exchange.requestId, ...cors, ...answer.headers } });
    const { metrics, log } = this.#deps;
    const route = match.kind === 'found' ? match.route.path : match.kind === 'unknown' ? 'file' : 'wrong method';
    const elapsedMs = performance.now() - exchange.arrivedAt;
    const method = KNOWN_METHODS.has(exchange.method) ? exchange.method : 'other';
    metrics.requests.inc({ route, method, status: answer.status });
    metrics.requestSeconds.observe({ route, method }, elapsedMs / 1_000);
    log.debug(
      {
        requestId: exchange.requestId,
        method: exchange.method,
        route,
        status: answer.status,
        elapsedMs: Math.round(elapsedMs),
        ip: exchange.ip,
      },
      'http.answered',
    );
  }

  /** Faults of ours are logged, once, with the id that the caller was given. */
  #report(error: unknown, exchange: Exchange, match: Match): void {
    if (exchange.isAborted) return;
    const route = match.kind === 'found' ? match.route.path : exchange.path.slice(0, 200);
    if (error instanceof AppError && error.code !== 'internal') {
      if (error.code === 'rate_limited') this.#deps.metrics.limited.inc({ limit: 'http' });
      if (error.code === 'unavailable')
        this.#deps.log.warn({ requestId: exchange.requestId, route, detail: error.detail }, 'http.unavailable');
      return;
    }
    this.#deps.metrics.errors.inc({ where: 'http' });
    this.#deps.log.error({ err: error, requestId: exchange.requestId, method: exchange.method, route }, 'http.failed');
  }
}

function allowOf(match: Extract<Match, { kind: 'found' | 'wrong_method' }>): string {
  const methods: string[] = match.kind === 'found' ? [match.route.method] : [...match.allowed];
  if (methods.includes('GET')) methods.push('HEAD');
  return [...methods, 'OPTIONS'].join(', ');
}

function toAnswer(response: RouteResponse): Answer {
  const { status, headers, body, bytes, file } = response;
  if (file) return { status, file, headers: { 'cache-control': 'no-store', ...headers } };
  if (bytes !== undefined) return { status, body: bytes, headers: { 'cache-control': 'no-store', ...headers } };
  if (body === undefined) return { status, headers: { 'cache-control': 'no-store', ...headers } };
  return { status, body: JSON.stringify(body), headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers } };
}
