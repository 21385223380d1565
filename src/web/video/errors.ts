/** Errors of commands as this part sees them: by their code alone, because in the widget they come from another bundle, whose classes are not ours. */
export function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'internal';
}

/** The room, or our place in it, is no more: enter again. */
export const isPlaceLost = (code: string): boolean => code === 'gone' || code === 'not_found';
