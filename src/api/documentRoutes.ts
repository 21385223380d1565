/** Routes that serve the generated documents. Their table includes themselves. */
import { z } from 'zod';
import { apiPage } from './apiPage.ts';
import { openApiDocument } from './openApi.ts';
import { type Route, type RouteResponse, route } from './route.ts';
import { asyncApiDocument, socketPage } from './socketReference.ts';

const tag = 'Documents';
const page = { contentType: 'text/html', description: 'A page to read and search' };
const CACHED = { 'cache-control': 'public, max-age=300' };

/** The whole table: `routes` and those of the documents about them. */
export function withDocuments(routes: readonly Route[], version: string): Route[] {
  const all: Route[] = [...routes];
  const document = lazily(() => openApiDocument(all, version));
  const asJson = (body: () => unknown) => async (): Promise<RouteResponse> => ({
    status: 200,
    headers: { ...CACHED, 'access-control-allow-origin': '*' },
    body: body(),
  });
  const asPage = (make: () => { body: string; policy: string }) => {
    const made = lazily(make);
    return async (): Promise<RouteResponse> => ({
      status: 200,
      headers: {
        ...CACHED,
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': made().policy,
        'x-frame-options': 'DENY',
      },
      bytes: made().body,
    });
  };
  const common = { method: 'GET', tag, action: 'public', isBare: true } as const;
  all.push(
    route({
      ...common,
      path: '/api/openapi.json',
      summary: 'This API as OpenAPI 3.1',
      answers: { 200: z.looseObject({ openapi: z.string() }) },
      handler: asJson(document),
    }),
    route({
      ...common,
      path: '/api/docs',
      summary: 'This API to read',
      answers: { 200: page },
      handler: asPage(() => apiPage(document())),
    }),
    route({
      ...common,
      path: '/api/socket',
      summary: 'The WebSocket protocol to read',
      answers: { 200: page },
      handler: asPage(socketPage),
    }),
    route({
      ...common,
      path: '/api/asyncapi.json',
      summary: 'The WebSocket protocol as AsyncAPI 3',
      answers: { 200: z.looseObject({ asyncapi: z.string() }) },
      handler: asJson(lazily(() => asyncApiDocument(version))),
    }),
  );
  return all;
}

function lazily<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
