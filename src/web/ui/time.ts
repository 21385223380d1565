/** Times as people read them, in the page's language. */
export function clock(at: number, language: string): string {
  return new Intl.DateTimeFormat(language, { hour: 'numeric', minute: '2-digit' }).format(at);
}

/** "Today", "Yesterday", or the date. */
export function dayName(at: number, now: number, language: string): string {
  const days = Math.round((startOfDay(now) - startOfDay(at)) / 86_400_000);
  if (days === 0 || days === 1) return capital(new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(-days, 'day'));
  return capital(
    new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long', ...(days > 300 && { year: 'numeric' }) }).format(
      at,
    ),
  );
}

/** How long ago, short: "now", "4 min", "3 h", "2 d", then the date. */
export function age(at: number, now: number, language: string): string {
  const sec = Math.max(0, (now - at) / 1_000);
  if (sec < 60) return new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'narrow' }).format(0, 'second');
  const unit = (value: number, name: 'minute' | 'hour' | 'day') =>
    new Intl.NumberFormat(language, { style: 'unit', unit: name, unitDisplay: 'narrow' }).format(Math.floor(value));
  if (sec < 3_600) return unit(sec / 60, 'minute');
  if (sec < 86_400) return unit(sec / 3_600, 'hour');
  if (sec < 7 * 86_400) return unit(sec / 86_400, 'day');
  return new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short' }).format(at);
}

/** How long something lasts by now, short: "35s", "4m", "3h". */
export function lasting(since: number, now: number, language: string): string {
  const sec = Math.max(0, Math.floor((now - since) / 1_000));
  const [value, unit] = sec < 60 ? [sec, 'second'] : sec < 3_600 ? [Math.floor(sec / 60), 'minute'] : [Math.floor(sec / 3_600), 'hour'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'narrow' }).format(value);
}

/** Minutes and seconds left, `0:00` at the end. */
export function countdown(until: number, now: number): string {
  const sec = Math.max(0, Math.ceil((until - now) / 1_000));
  return `${Math.floor(sec / 60)}:${String(sec % 60).padStart(2, '0')}`;
}

export function fileSize(bytes: number, language: string): string {
  const [value, unit] = bytes < 1_000_000 ? [Math.max(1, bytes / 1_000), 'kilobyte'] : [bytes / 1_000_000, 'megabyte'];
  return new Intl.NumberFormat(language, { style: 'unit', unit, maximumFractionDigits: unit === 'megabyte' ? 1 : 0 }).format(value);
}

const startOfDay = (at: number): number => new Date(at).setHours(0, 0, 0, 0);
const capital = (text: string): string => text.charAt(0).toLocaleUpperCase() + text.slice(1);
