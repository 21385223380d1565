/** Texts of what groups say about video, in Italian. */
import type { groupVideoEn } from './groupVideo.en.ts';

export const groupVideoIt: Readonly<Record<keyof typeof groupVideoEn, string>> = {
  'page.video': 'Video',
  'video.hint': 'Quali gruppi del sito offrono il video, e che cosa può inviare ciascuna parte.',
  'video.search': 'Cerca i gruppi per nome',
  'video.offered': 'Offre il video',
  'video.notOffered': 'Senza video',
  'video.withPolicy': 'con informativa',
  'video.section.offer': 'Offerta',
  'video.section.elements': 'Che cosa può inviare ciascuna parte',
  'video.section.elements.hint':
    'Il server rifiuta ciò che non è consentito, qualunque cosa invii il browser. Per chiamate senza immagini, non consentire le videocamere.',
  'video.isOn': 'Offrire il video',
  'video.isOn.hint': 'I visitatori possono chiederlo e gli operatori possono proporlo.',
  'video.policy': 'Informativa',
  'video.policy.hint': 'Mostrata prima di entrare: bisogna accettarla. Lasciare vuoto per non averne.',
  'video.canFullScreen': 'I visitatori possono usare lo schermo intero',
  'video.canFullScreen.hint': 'Altrimenti resta nel riquadro della chat.',
  'video.client': 'Visitatore',
  'video.agent': 'Operatori',
  'video.camera': 'Videocamera',
  'video.microphone': 'Microfono',
  'video.screen': 'Condivisione dello schermo',
  'video.rule.on': 'Attiva all’ingresso',
  'video.rule.off': 'Spenta, si può accendere',
  'video.rule.forbidden': 'Non consentita',
  'video.rule.allowed': 'Consentita',
};
