/** A person as initials on a colour that stays the same for the same id. */
const TONES = 6;

export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = words[0]?.[0] ?? '';
  const last = words.length > 1 ? (words.at(-1)?.[0] ?? '') : '';
  return (first + last).toLocaleUpperCase() || '?';
}

function toneOf(id: string): number {
  let sum = 0;
  for (const letter of id) sum = (sum * 31 + letter.charCodeAt(0)) % 9_973;
  return sum % TONES;
}

/** `state` draws a dot: whether the person is connected now. */
export function Avatar({
  name,
  id,
  size = 'md',
  state,
}: {
  name: string;
  id: string;
  size?: 'sm' | 'md' | 'lg';
  state?: 'on' | 'off' | 'pause' | undefined;
}) {
  return (
    <span class={`avatar avatar-${size} tone-${toneOf(id)}`} aria-hidden="true">
      {initialsOf(name)}
      {state && <i class={`dot dot-${state}`} />}
    </span>
  );
}
