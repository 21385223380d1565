/**
 * WID-4: elements of the embedding page that open the widget, without a script of the page's own:
 *   <button data-centralino="video">   begins a conversation as video; "chat": as chat; "open": shows the widget
 *   data-centralino-group              public identifier of the group; absent: the first widget of the page
 * One listener for the page, whatever comes and goes in it. A link goes nowhere when it is pressed as a link usually is.
 */
import type { CentralinoApi } from './main.tsx';

export function listenToPageLinks(api: () => CentralinoApi | undefined): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const element = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-centralino]') : null;
    const act = element && actOf(api(), element.dataset['centralino']);
    if (!act) return;
    event.preventDefault();
    act(element.dataset['centralinoGroup'] || undefined);
  });
}

function actOf(api: CentralinoApi | undefined, what: string | undefined): ((group?: string) => void) | undefined {
  switch (what) {
    case 'video':
      return api?.startVideo;
    case 'chat':
      return api?.startChat;
    case 'open':
      return api?.open;
    default:
      return undefined;
  }
}
