/**
 * Loads the Lua scripts and runs them. A script `verbNoun-1.lua` may include parts of `scripts/lib` by lines `-- @include name`;
 * the text is put together once, at load, so what runs is one plain script known to Redis by its hash. A script knows its own name as `SCRIPT`.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
}

const FOLDER = join(import.meta.dirname, 'scripts');

function assemble(file: string): string {
  const text = readFileSync(file, 'utf8');
  return text.replace(/^-- @include (\w+)$/gm, (_, part: string) => assemble(join(FOLDER, 'lib', `${part}.lua`)));
}

/** All scripts by name (`sendMessage` for `sendMessage-1.lua`). `before`: Lua that each begins with (replay gives Redis's calls another clock). */
export function loadScripts(before = ''): ReadonlyMap<string, Script> {
  const scripts = new Map<string, Script>();
  for (const file of readdirSync(FOLDER)) {
    const match = /^(\w+)-1\.lua$/.exec(file);
    if (match?.[1] === undefined) continue;
    const text = `${before}local SCRIPT = '${match[1]}'\n${assemble(join(FOLDER, file))}`;
    scripts.set(match[1], { name: match[1], text, sha: createHash('sha1').update(text).digest('hex') });
  }
  return scripts;
}
