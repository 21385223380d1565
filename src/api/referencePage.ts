/** The frame of the generated reference pages: one searchable page without anything from elsewhere. Pure. */
import { cspHash, Html, html } from './html.ts';

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly entries: readonly { readonly id: string; readonly label: Html; readonly words: string; readonly body: Html }[];
}

const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d8dee4;--tint:#f4f6f8;--accent:#0a5fd6}
@media(prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e6e9ed;--soft:#9aa4af;--line:#2d343c;--tint:#1c2229;--accent:#6cabff}}
*{box-sizing:border-box}body{margin:0;font:16px/1.5 system-ui,sans-serif;background:var(--bg);color:var(--fg)}
header{position:sticky;top:0;background:var(--bg);border-bottom:1px solid var(--line);padding:.75rem 1rem;display:flex;gap:1rem;flex-wrap:wrap;align-items:center;z-index:1}
h1{font-size:1.2rem;margin:0}a{color:var(--accent)}section,details{scroll-margin-top:4.5rem}
input{flex:1;min-width:12rem;font:inherit;padding:.4rem .7rem;border:1px solid var(--line);border-radius:8px;background:var(--tint);color:inherit}
main{max-width:60rem;margin:0 auto;padding:0 1rem 4rem}h2{margin:2rem 0 .5rem;font-size:1.1rem}
details{border:1px solid var(--line);border-radius:8px;margin:.4rem 0;background:var(--bg)}summary{cursor:pointer;padding:.5rem .75rem;overflow-wrap:anywhere}
details>div{padding:0 .75rem .75rem;border-top:1px solid var(--line)}summary:focus-visible,input:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.m{display:inline-block;min-width:4.2em;font:600 .8rem ui-monospace,monospace;color:var(--accent)}code,pre{font:.85rem/1.45 ui-monospace,monospace}
.s{color:var(--soft)}table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.9rem}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line)}
pre{background:var(--tint);padding:.6rem;border-radius:8px;overflow:auto;max-height:24rem}h3{font-size:.95rem;margin:.8rem 0 .2rem}[hidden]{display:none}
`;

const SCRIPT = `
const box=document.querySelector('input'),all=[...document.querySelectorAll('details')],none=document.querySelector('#none');
box.addEventListener('input',()=>{const words=box.value.toLowerCase().split(/\\s+/).filter(Boolean);let shown=0;
for(const one of all){const hit=words.every(w=>one.dataset.words.includes(w));one.hidden=!hit;if(hit)shown++}
for(const s of document.querySelectorAll('section'))s.hidden=![...s.querySelectorAll('details')].some(d=>!d.hidden);none.hidden=shown>0});
function reveal(){const target=location.hash&&document.getElementById(decodeURIComponent(location.hash.slice(1)));if(target&&target.tagName==='DETAILS')target.open=true}
addEventListener('hashchange',reveal);reveal();
`;

export function referencePage(
  title: string,
  intro: Html,
  sections: readonly Section[],
): { readonly body: string; readonly policy: string } {
  const page = html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title}</title><style>${new Html(STYLE)}</style></head><body>
<header><h1>${title}</h1><input type="search" placeholder="Search" aria-label="Search this page"></header>
<main>${intro}<p id="none" role="status" hidden>Nothing found.</p>
${sections.map(({ id, title: heading, entries }) => html`<section id="${id}"><h2>${heading}</h2>${entries.map(entryOf)}</section>`)}
</main><script>${new Html(SCRIPT)}</script></body></html>`;
  const policy = `default-src 'none'; style-src ${cspHash(STYLE)}; script-src ${cspHash(SCRIPT)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { body: page.text, policy };
}

function entryOf({ id, label, words, body }: Section['entries'][number]): Html {
  return html`<details id="${id}" data-words="${words.toLowerCase()}"><summary>${label}</summary><div>${body}</div></details>`;
}

type Json = Readonly<Record<string, unknown>>;

/** A JSON schema as a table of its fields; what is not an object is shown in one line. */
export function schemaTable(schema: Json): Html {
  const properties = schema['properties'] as Record<string, Json> | undefined;
  if (!properties) return html`<p><code>${notation(schema)}</code></p>`;
  const required = new Set(schema['required'] as string[] | undefined);
  const rows = Object.entries(properties).map(
    ([name, field]) =>
      html`<tr><td><code>${name}</code>${required.has(name) ? '' : html` <span class="s">optional</span>`}</td><td>${fieldType(field)}</td></tr>`,
  );
  return html`<table><thead><tr><th>Field</th><th>Type</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function fieldType(field: Json): Html {
  const limits = ['minLength', 'maxLength', 'minimum', 'maximum', 'pattern', 'format', 'default']
    .filter((name) => field[name] !== undefined && Math.abs(Number(field[name])) !== Number.MAX_SAFE_INTEGER)
    .map((name) => `${name} ${String(field[name])}`);
  return html`<code>${notation(field)}</code> <span class="s">${[...limits, field['description']].filter(Boolean).join(', ')}</span>`;
}

/** A JSON schema the way TypeScript would write the type. */
export function notation(schema: Json): string {
  const oneOf = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined;
  if (schema['const'] !== undefined) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => JSON.stringify(value)).join(' | ');
  if (oneOf) return oneOf.map(notation).join(' | ');
  if (schema['type'] === 'array') return `${notation((schema['items'] as Json | undefined) ?? {})}[]`;
  if (schema['type'] !== 'object') return typeof schema['type'] === 'string' ? schema['type'] : 'any';
  const properties = schema['properties'] as Record<string, Json> | undefined;
  if (!properties) return `Record<string, ${notation((schema['additionalProperties'] as Json | undefined) ?? {})}>`;
  const required = new Set(schema['required'] as string[] | undefined);
  const fields = Object.entries(properties).map(([name, field]) => `${name}${required.has(name) ? '' : '?'}: ${notation(field)}`);
  return `{ ${fields.join(', ')} }`;
}
