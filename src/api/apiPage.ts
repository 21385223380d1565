/** The readable page of the REST API at /api/docs, from the OpenAPI document, and the catalog of errors that problem documents link to. Pure. */
import { ERRORS } from '../base/errors.ts';
import { type Html, html } from './html.ts';
import type { OpenApiDocument } from './openApi.ts';
import { notation, referencePage, type Section, schemaTable } from './referencePage.ts';

type Json = Readonly<Record<string, unknown>>;

export function apiPage(document: OpenApiDocument): { readonly body: string; readonly policy: string } {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const sections: Section[] = document.tags.map(({ name }) => ({
    id: `tag-${name.replace(/\W+/g, '-').toLowerCase()}`,
    title: name,
    entries: operations
      .filter(({ operation }) => (operation['tags'] as string[]).includes(name))
      .map(({ path, method, operation }) => ({
        id: String(operation['operationId']),
        label: html`<span class="m">${method}</span> <code>${path}</code> <span class="s">${String(operation['summary'])}</span>`,
        words: `${method} ${path} ${String(operation['summary'])} ${name}`,
        body: operationBody(operation),
      })),
  }));
  sections.push({
    id: 'errors',
    title: 'Errors',
    entries: Object.entries(ERRORS).map(([code, { http, retryable, text }]) => ({
      id: `error-${code}`,
      label: html`<span class="m">${http}</span> <code>${code}</code> <span class="s">${text}</span>`,
      words: `error ${code} ${http} ${text}`,
      body: html`<p>${text}</p><p class="s">${retryable ? 'The same request may succeed later.' : 'The same request fails again until something is changed.'}</p>`,
    })),
  });
  const intro = html`<p>${String(document.info['description'])}</p>
<p>As data: <a href="/api/openapi.json">/api/openapi.json</a>. The WebSocket protocol: <a href="/api/socket">/api/socket</a>.</p>`;
  return referencePage('Centralino REST API', intro, sections);
}

function operationBody(operation: Json): Html {
  const parameters = (operation['parameters'] as Json[] | undefined) ?? [];
  const body = operation['requestBody'] as { content: Record<string, { schema: Json }> } | undefined;
  const responses = operation['responses'] as Record<string, Json>;
  const problems = Object.keys(responses).filter((status) => responses[status]?.['$ref'] !== undefined);
  return html`
${operation['x-right'] === undefined ? html`<p class="s">Open to everybody.</p>` : html`<p>Right: <code>${String(operation['x-right'])}</code></p>`}
${parameters.length === 0 ? '' : html`<h3>Parameters</h3><table><tbody>${parameters.map(parameterRow)}</tbody></table>`}
${body ? Object.entries(body.content).map(([type, { schema }]) => html`<h3>Body <code>${type}</code></h3>${schemaTable(schema)}`) : ''}
${Object.entries(responses).map(([status, response]) => responseBody(status, response))}
<p class="s">${problems.join(', ')}: a <a href="#errors">problem document</a></p>`;
}

function parameterRow(parameter: Json): Html {
  return html`<tr><td><code>${String(parameter['name'])}</code> <span class="s">${String(parameter['in'])}${parameter['required'] ? '' : ', optional'}</span></td>
<td><code>${notation(parameter['schema'] as Json)}</code> <span class="s">${String(parameter['description'] ?? '')}</span></td></tr>`;
}

function responseBody(status: string, response: Json): Html {
  if (response['$ref'] !== undefined) return html``;
  const [type, content] = Object.entries((response['content'] as Record<string, { schema?: Json }> | undefined) ?? {})[0] ?? [];
  return html`<h3>${status} <code>${type ?? ''}</code></h3>${content?.schema ? schemaTable(content.schema) : html`<p>${String(response['description'])}</p>`}`;
}
