/** Focus within the panel. */

/** Gives the focus to the panel when nothing inside has it, as when the control that had it is gone. */
export function keepFocus(panel: HTMLElement | null | undefined): void {
  const root = panel?.getRootNode();
  if (panel && root instanceof ShadowRoot && !panel.contains(root.activeElement)) panel.focus({ preventScroll: true });
}
