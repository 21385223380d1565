/** A small set that fits a service conversation; everything else comes from the keyboard. */
export const EMOJI = [
  '😀', '😄', '😊', '🙂', '😉', '😍', '😅', '😂',
  '🤔', '😮', '😢', '😕', '😡', '😴', '🤗', '😎',
  '👍', '👎', '👏', '🙏', '🙌', '👋', '💪', '🤝',
  '❤️', '🎉', '🔥', '⭐', '✅', '❌', '❓', '💡',
] as const;
