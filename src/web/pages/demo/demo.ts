/** A page's own button that opens the chat: what an embedding site would write. */
import type { CentralinoApi } from '../../widget/main.tsx';

document
  .getElementById('ask')
  ?.addEventListener('click', () => (window as Window & { centralino?: CentralinoApi }).centralino?.startChat());
