/** Names that may not stand twice in an account regardless of case. Pure. */

/** Two names with one key are the same name: `Straße` and `STRASSE`, `É` as one character or as two. */
export function nameKey(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}
