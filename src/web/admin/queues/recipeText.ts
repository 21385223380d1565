/** Steps of a recipe in words. */
import { span } from '../spans.ts';
import { t } from '../texts.ts';
import type { RecipeStep } from '../types.ts';

/** When a step runs, in words. */
export const whenText = ({ afterSec, onlyIf }: RecipeStep): string =>
  afterSec === 0
    ? t(onlyIf === 'always' ? 'recipe.atOnce' : 'recipe.nobody')
    : t(onlyIf === 'always' ? 'recipe.after' : 'recipe.afterNobody', { time: span(afterSec * 1_000) });
