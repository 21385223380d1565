/** This browser as a device of the agent: an id that lives in it, and a name that people recognise. */
const KEY = 'centralino:device';

export function deviceId(): string {
  const known = localStorage.getItem(KEY);
  if (known) return known;
  const made = crypto.getRandomValues(new Uint32Array(3)).join('-').slice(0, 40);
  localStorage.setItem(KEY, made);
  return made;
}

const BROWSERS = [
  ['Edg/', 'Edge'],
  ['OPR/', 'Opera'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const;
const SYSTEMS = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Windows', 'Windows'],
  ['Mac OS X', 'macOS'],
  ['CrOS', 'ChromeOS'],
  ['Linux', 'Linux'],
] as const;

/** "Safari, iPhone": what a user agent text says to a person. Unknown ones say so by being short. */
export function deviceName(userAgent: string): string {
  const browser = BROWSERS.find(([mark]) => userAgent.includes(mark))?.[1];
  const system = SYSTEMS.find(([mark]) => userAgent.includes(mark))?.[1];
  return [browser, system].filter(Boolean).join(', ') || '?';
}

export const isPhone = (userAgent: string): boolean => /iPhone|Android.*Mobile/.test(userAgent);
