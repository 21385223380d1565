/** Testi del widget in italiano. */
import { sharedIt } from './shared.it.ts';
import type { WidgetKey } from './widget.en.ts';

export const widgetIt: Readonly<Record<WidgetKey, string>> = {
  ...sharedIt,

  title: 'Ciao!',
  description: 'Chiedici quello che vuoi. Ti risponde una persona, proprio qui.',
  welcome: 'Ciao! Come possiamo aiutarti oggi?',
  offline: 'In questo momento non c’è nessuno. Scrivi comunque: il primo collega che arriva ti risponderà qui.',
  thanks: 'Grazie. La tua opinione ci aiuta a migliorare.',
  consent: 'Scrivendoci accetti che usiamo ciò che ci dici per risponderti.',
  encrypted: 'I messaggi viaggiano cifrati.',
  privacy: 'Informativa sulla privacy',

  open: 'Apri la chat',
  'open.unread': 'Apri la chat, {count} non letti',
  close: 'Chiudi la chat',
  panel: 'Chat con {company}',
  back: 'Torna alla panoramica',
  online: 'Siamo online',
  away: 'In questo momento siamo assenti',
  start: 'Inizia una conversazione',
  'start.hint': 'Rispondiamo appena possibile',
  'start.again': 'Inizia una nuova conversazione',
  yours: 'Le tue conversazioni',
  'yours.more': 'Mostra tutte',
  you: 'Tu',
  'row.ended': 'Conclusa',
  'row.unread': '{count} non letti',
  notices: 'Privacy e sicurezza',
  poweredBy: 'Realizzato con Centralino',

  newTitle: 'Nuova conversazione',
  waiting: 'In attesa di un operatore',
  'waiting.hint': 'Sei in coda. Puoi continuare a scrivere.',
  served: 'è qui per te',
  ended: 'Conversazione conclusa',
  placeholder: 'Scrivi un messaggio…',
  menu: 'Altre azioni',
  download: 'Scarica la trascrizione',
  end: 'Termina la conversazione',
  'end.sure': 'Terminare questa conversazione?',
  'end.hint': 'Puoi iniziarne una nuova in qualsiasi momento.',

  'notice.taken': '{name} è entrato nella conversazione',
  'notice.joined': '{name} è entrato nella conversazione',
  'notice.left': '{name} ha lasciato la conversazione',
  'notice.requeued': '{name} ha perso la connessione. Hai mantenuto il tuo posto: subentra un collega.',
  'notice.requeued.someone': 'L’operatore ha perso la connessione. Hai mantenuto il tuo posto: subentra un collega.',
  'notice.ended.you': 'Hai terminato la conversazione',
  'notice.ended.agent': '{name} ha terminato la conversazione',
  'notice.ended': 'La conversazione è terminata',

  'link.refused': 'La chat non è disponibile in questo momento.',

  'rate.title': 'Com’è andata questa conversazione?',
  'rate.star': '{count} stelle su 5',
  'rate.up': 'Bene',
  'rate.down': 'Male',
  'rate.comment': 'Che cosa potremmo migliorare? (facoltativo)',
  'rate.send': 'Invia la valutazione',
};
