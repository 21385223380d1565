/**
 * Puts the Lua scripts together. A script `verbNoun-1.lua` is the body of one command; lines `-- @include name` bring parts of `scripts/lib`, each once.
 * Between `-- @each` and `-- @end` a part has what is done at the beginning of every call; all else in it is definitions. A script knows its own
 * name as `SCRIPT`.
 *
 * Two forms come of the same files. What runs is a library of Redis functions: Redis makes the definitions once when it is loaded, where a script sent
 * by EVAL makes all of them anew in every call (measured: 45 µs of Redis's time a call against 4). As plain scripts they are packed, recorded and replayed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Script {
  readonly name: string;
  readonly text: string;
  readonly sha: string;
}

/** `FUNCTION LOAD` takes the text; a command is called as `<name>_<command>`. Another text has another name, so that releases stand side by side. */
export interface Library {
  readonly name: string;
  readonly text: string;
  readonly commands: ReadonlySet<string>;
}

const FOLDER = join(import.meta.dirname, 'scripts');
const INCLUDE = /^-- @include (\w+)$/gm;
const EACH = /^-- @each (\w+)\n([\s\S]*?)^-- @end$/gm;

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');
/** What a part does at the beginning of a call is named after it. */
const readPart = (part: string): string =>
  readFileSync(join(FOLDER, 'lib', `${part}.lua`), 'utf8').replace(/^-- @each$/m, `-- @each ${part}`);

/** Puts the parts in place of the lines that include them; one that is `known` already is there before. */
function expand(text: string, known: Set<string>): string {
  return text.replace(INCLUDE, (_, part: string) => {
    if (known.has(part)) return '';
    known.add(part);
    return expand(readPart(part), known);
  });
}

function bodies(): Map<string, string> {
  const found = new Map<string, string>();
  for (const file of readdirSync(FOLDER).sort()) {
    const name = /^(\w+)-1\.lua$/.exec(file)?.[1];
    if (name !== undefined) found.set(name, readFileSync(join(FOLDER, file), 'utf8'));
  }
  return found;
}

const partsOf = (text: string): string => [...text.matchAll(INCLUDE)].map(([line]) => line).join('\n');
/** What `lib/rows` read is written when the command is through. */
const isKeptInRows = (parts: ReadonlySet<string>): boolean => parts.has('rows');

/** All as plain scripts, by name (`sendMessage` for `sendMessage-1.lua`). `before`: Lua that each begins with (replay gives Redis's calls another clock). */
export function loadScripts(before = ''): ReadonlyMap<string, Script> {
  const scripts = new Map<string, Script>();
  for (const [name, body] of bodies()) {
    const parts = new Set<string>();
    const definitions = expand(partsOf(body), parts);
    const own = body.replace(INCLUDE, '');
    const run = isKeptInRows(parts) ? `local answer = (function()\n${own}\nend)()\nfinish()\nreturn answer` : own;
    const text = foldNumbers(`${before}local SCRIPT = '${name}'\n${definitions}\n${run}`);
    scripts.set(name, { name, text, sha: sha1(text) });
  }
  return scripts;
}

/** Numbers with a name are put in its place: a chunk of Lua 5.1 has 200 local variables at most. */
function foldNumbers(text: string): string {
  const values = new Map<string, string>();
  const rest = text.replace(/^local ([A-Z][A-Z_0-9, ]*) = ([\d, ]+)$/gm, (_, names: string, numbers: string) => {
    const each = numbers.split(', ');
    for (const [index, name] of names.split(', ').entries()) values.set(name, each[index] ?? '');
    return '';
  });
  return rest.replace(/\b[A-Z][A-Z_0-9]*\b/g, (name) => values.get(name) ?? name);
}

/** All as functions of one library. */
export function loadLibrary(): Library {
  const known = new Set<string>();
  const definitions: string[] = [];
  const commands: string[] = [];
  const names = new Set<string>();
  for (const [name, body] of bodies()) {
    definitions.push(expand(partsOf(body), known).replace(EACH, 'each.$1 = function()\n$2end'));
    names.add(name);
    const parts = new Set<string>();
    const steps = [...expand(partsOf(body), parts).matchAll(EACH)].map(([, part]) => `each.${part}()`);
    const begin = steps.length > 0 ? `local refused = ${steps.join(' or ')}\nif refused then return refused end\n` : '';
    const finish = isKeptInRows(parts) ? 'finish()\n' : '';
    commands.push(
      `run.${name} = function()\n${body.replace(INCLUDE, '')}\nend`,
      `redis.register_function(LIBRARY .. '_${name}', function(keys, args)`,
      `KEYS, ARGV, SCRIPT = keys, args, '${name}'\n${begin}local answer = run.${name}()\n${finish}return answer\nend)`,
    );
  }
  const rest = foldNumbers(`local KEYS, ARGV, SCRIPT\nlocal each, run = {}, {}\n${definitions.join('\n')}\n${commands.join('\n')}\n`);
  const name = `centralino_${sha1(rest).slice(0, 10)}`;
  return { name, text: `#!lua name=${name}\nlocal LIBRARY = '${name}'\n${rest}`, commands: names };
}
