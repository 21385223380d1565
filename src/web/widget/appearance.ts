/**
 * GRP-4: the group's colours as CSS variables of the shadow root. Only plain colours pass; text on a colour that names no text colour of its own
 * is black or white, whichever is easier to read.
 */
import type { PublicGroup, WidgetOptions } from './options.ts';

/** Name in `appearance` → variable of the background and of the text on it. */
const PAIRS = [
  ['headerBackground', 'headerText', '--header', '--on-header'],
  ['buttonBackground', 'buttonText', '--accent', '--on-accent'],
  ['iconBackground', 'iconColor', '--launcher', '--on-launcher'],
] as const;

const COLOUR = /^#[0-9a-f]{6}$/i;

export function appearanceCss({ appearance }: PublicGroup): string {
  const rules: string[] = [];
  for (const [background, text, variable, textVariable] of PAIRS) {
    const colour = appearance[background] ?? appearance.accent;
    if (!colour || !COLOUR.test(colour)) continue;
    const own = appearance[text];
    rules.push(`${variable}: ${colour}; ${textVariable}: ${own && COLOUR.test(own) ? own : textOn(colour)};`);
    // Text in the accent colour on a plain surface keeps our own, tested shade.
    if (variable === '--accent')
      rules.push(`--mine: var(--accent); --on-mine: var(--on-accent); --accent-strong: color-mix(in oklab, ${colour} 85%, black);`);
  }
  return `.root { ${rules.join(' ')} }`;
}

export const sideOf = (options: WidgetOptions, { appearance }: PublicGroup): 'left' | 'right' =>
  options.side ?? (appearance.side === 'left' ? 'left' : 'right');
export const isSquare = ({ appearance }: PublicGroup): boolean => appearance.iconShape === 'square';

/** Black or white by WCAG relative luminance. */
export function textOn(colour: string): '#000000' | '#ffffff' {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.212_6 * red + 0.715_2 * green + 0.072_2 * blue;
  return 1.05 / (light + 0.05) >= (light + 0.05) / 0.05 ? '#ffffff' : '#000000';
}
