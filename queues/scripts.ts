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
const INCLUDED = /^(-- @include \w+)$/m;
const EACH = /^-- @each (\w+)\n([\s\S]*?)^-- @end$/gm;

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

/** Numbers of the scripts that have a name, by that name. */
type Numbers = Readonly<Record<string, number>>;

interface Sources {
  /** By name, without `-1.lua`. */
  readonly bodies: ReadonlyMap<string, string>;
  readonly parts: ReadonlyMap<string, string>;
}

/**
 * A chunk of Lua 5.1 has 200 local variables at most. So numbers with a name are put in its place, and each part is a block, before which only those of its
 * names are declared that others use.
 */
function readSources(others: Numbers = {}): Sources {
  const read = (folder: string, ending: RegExp): Map<string, string> => {
    const files = readdirSync(folder).sort();
    const named = files.map((file) => [ending.exec(file)?.[1], file] as const);
    return new Map(named.flatMap(([name, file]) => (name === undefined ? [] : [[name, readFileSync(join(folder, file), 'utf8')]])));
  };
  const bodies = read(FOLDER, /^(\w+)-1\.lua$/);
  // What a part does at the beginning of a call is named after it.
  const parts = new Map(
    [...read(join(FOLDER, 'lib'), /^(\w+)\.lua$/)].map(([name, text]) => [name, text.replace(/^-- @each$/m, `-- @each ${name}`)]),
  );
  foldNumbers(others, bodies, parts);
  // A part may stand around one that it includes.
  const pieces = [...parts].flatMap(([part, text]) => text.split(INCLUDED).map((piece) => ({ part, piece })));
  const users = new Map<string, Set<string>>([['finish', new Set(['every call'])]]);
  for (const [unit, text] of [...pieces.map(({ piece }, index) => [String(index), piece] as const), ...bodies]) {
    const code = text.replace(/--.*$/gm, '').replace(/'[^'\n]*'/g, '');
    for (const [name] of code.matchAll(/(?<!\w|[^.]\.)[A-Za-z_]\w*/g)) users.set(name, (users.get(name) ?? new Set()).add(unit));
  }
  const blocks = new Map<string, string>([...parts.keys()].map((part) => [part, '']));
  for (const { part, piece } of pieces) {
    const isPlain = INCLUDED.test(piece) || piece.trim() === '';
    const block = isPlain ? piece : blockOf(piece, (name) => (users.get(name)?.size ?? 0) > 1);
    blocks.set(part, `${blocks.get(part)}${block}\n`);
  }
  return { bodies, parts: blocks };
}

/** Declarations at the left margin; all of one that has a name that is `isShared` stand before the block. */
function blockOf(piece: string, isShared: (name: string) => boolean): string {
  const before: string[] = [];
  const inner = piece.replace(
    /^local (function )?(\w+(?:, \w+)*)( =|\(|$)/gm,
    (whole, isFunction: string | undefined, list: string, rest: string) => {
      const names = list.split(', ');
      if (!names.some(isShared)) return whole;
      before.push(...names);
      return rest === '' ? '' : `${isFunction ?? ''}${list}${rest}`;
    },
  );
  return `${before.length > 0 ? `local ${before.join(', ')}\n` : ''}do\n${inner}\nend\n`;
}

/** @throws when a name stands for two numbers */
function foldNumbers(others: Numbers, ...sources: readonly Map<string, string>[]): void {
  const values = new Map<string, string>();
  const take = (_: string, names: string, numbers: string): string => {
    const each = numbers.split(', ');
    for (const [index, name] of names.split(', ').entries()) {
      const value = each[index] ?? '';
      if ((values.get(name) ?? value) !== value) throw new Error(`${name} is ${values.get(name)} and ${value}`);
      values.set(name, value);
    }
    return '';
  };
  for (const texts of sources)
    for (const [name, text] of texts) texts.set(name, text.replace(/^local ([A-Z][A-Z_0-9, ]*) = ([\d, ]+)$/gm, take));
  for (const texts of sources)
    for (const [name, text] of texts)
      texts.set(
        name,
        text.replace(/\b[A-Z][A-Z_0-9]*\b/g, (word) => String(others[word] ?? values.get(word) ?? word)),
      );
}

/** Puts the parts in place of the lines that include them; one that is `known` already is there before. */
function expand(text: string, parts: ReadonlyMap<string, string>, known: Set<string>): string {
  return text.replace(INCLUDE, (_, part: string) => {
    if (known.has(part)) return '';
    known.add(part);
    return expand(parts.get(part) ?? '', parts, known);
  });
}

const partsOf = (text: string): string => [...text.matchAll(INCLUDE)].map(([line]) => line).join('\n');
/** What `lib/rows` read is written when the command is through. */
const isKeptInRows = (parts: ReadonlySet<string>): boolean => parts.has('rows');

/**
 * All as plain scripts, by name (`sendMessage` for `sendMessage-1.lua`). `before`: Lua that each begins with (replay gives Redis's calls another clock);
 * `numbers`: in place of those in the files (tests have scripts that stop early).
 */
export function loadScripts({ before = '', numbers = {} }: { before?: string; numbers?: Numbers } = {}): ReadonlyMap<string, Script> {
  const scripts = new Map<string, Script>();
  const sources = readSources(numbers);
  for (const [name, body] of sources.bodies) {
    const parts = new Set<string>();
    const definitions = expand(partsOf(body), sources.parts, parts);
    const own = body.replace(INCLUDE, '');
    const run = isKeptInRows(parts) ? `local answer = (function()\n${own}\nend)()\nfinish()\nreturn answer` : own;
    const text = `${before}local SCRIPT = '${name}'\n${definitions}\n${run}`;
    scripts.set(name, { name, text, sha: sha1(text) });
  }
  return scripts;
}

/** All as functions of one library. */
export function loadLibrary(): Library {
  const known = new Set<string>();
  const definitions: string[] = [];
  const commands: string[] = [];
  const names = new Set<string>();
  const sources = readSources();
  for (const [name, body] of sources.bodies) {
    definitions.push(expand(partsOf(body), sources.parts, known).replace(EACH, 'each.$1 = function()\n$2end'));
    names.add(name);
    const parts = new Set<string>();
    const steps = [...expand(partsOf(body), sources.parts, parts).matchAll(EACH)].map(([, part]) => `each.${part}()`);
    const begin = steps.length > 0 ? `local refused = ${steps.join(' or ')}\nif refused then return refused end\n` : '';
    const finish = isKeptInRows(parts) ? 'finish()\n' : '';
    commands.push(
      `run.${name} = function()\n${body.replace(INCLUDE, '')}\nend`,
      `redis.register_function(LIBRARY .. '_${name}', function(keys, args)`,
      `KEYS, ARGV, SCRIPT = keys, args, '${name}'\n${begin}local answer = run.${name}()\n${finish}return answer\nend)`,
    );
  }
  const rest = `local KEYS, ARGV, SCRIPT\nlocal each, run = {}, {}\n${definitions.join('\n')}\n${commands.join('\n')}\n`;
  const name = `centralino_${sha1(rest).slice(0, 10)}`;
  return { name, text: `#!lua name=${name}\nlocal LIBRARY = '${name}'\n${rest}`, commands: names };
}
