/** Text that everything behind the API can hold: PostgreSQL takes no NUL, and half of a surrogate pair is no character. Pure. */

export function isWellFormed(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** Dotted path of the first text (or name of a field) in a validated value that is not well formed; undefined: all are. */
export function malformedAt(value: unknown, path = ''): string | undefined {
  if (typeof value === 'string') return isWellFormed(value) ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (!isWellFormed(name)) return path;
    const at = malformedAt(inner, path === '' ? name : `${path}.${name}`);
    if (at !== undefined) return at;
  }
  return undefined;
}
