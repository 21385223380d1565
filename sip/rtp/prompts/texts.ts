/** What the prompts say, by language and name: a name is the file's (`config/prompts/<language>/<name>.wav`). Numbers from 1 to 100 are spoken besides. */

export const LANGUAGES = { en: 'en-gb', it: 'it', cs: 'cs', ru: 'ru' } as const;
export type Language = keyof typeof LANGUAGES;

export const LARGEST_NUMBER = 100;

/** `minute` and `minutes-two` are whole; `minutes-few`: after 3 and 4 where the language has such a plural; `minutes`: after all others. */
export const TEXTS: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  welcome: {
    en: 'Welcome. Please hold the line, somebody will be with you shortly.',
    it: 'Benvenuti. Restate in linea, vi risponderemo al più presto.',
    cs: 'Dobrý den, vítejte. Zůstaňte prosím na lince, brzy se vám budeme věnovat.',
    ru: 'Здравствуйте. Пожалуйста, оставайтесь на линии, вам скоро ответят.',
  },
  busy: {
    en: 'All our agents are busy. Please hold the line.',
    it: 'Tutti gli operatori sono occupati. Vi preghiamo di restare in linea.',
    cs: 'Všichni naši operátoři hovoří. Zůstaňte prosím na lince.',
    ru: 'Все операторы сейчас заняты. Пожалуйста, оставайтесь на линии.',
  },
  position: {
    en: 'Your position in the queue is',
    it: 'La vostra posizione in coda è',
    cs: 'Vaše pořadí ve frontě je',
    ru: 'Ваш номер в очереди',
  },
  wait: {
    en: 'The estimated waiting time is',
    it: 'Il tempo di attesa stimato è di',
    cs: 'Odhadovaná doba čekání je',
    ru: 'Ожидаемое время ответа',
  },
  minute: { en: 'one minute.', it: 'un minuto.', cs: 'jedna minuta.', ru: 'одна минута.' },
  'minutes-two': { en: 'two minutes.', it: 'due minuti.', cs: 'dvě minuty.', ru: 'две минуты.' },
  'minutes-few': { en: 'minutes.', it: 'minuti.', cs: 'minuty.', ru: 'минуты.' },
  minutes: { en: 'minutes.', it: 'minuti.', cs: 'minut.', ru: 'минут.' },
  soon: {
    en: 'Your call will be answered in less than a minute.',
    it: 'Vi risponderemo in meno di un minuto.',
    cs: 'Ozveme se vám za méně než minutu.',
    ru: 'Вам ответят меньше чем через минуту.',
  },
  leave: {
    en: 'Press star to leave the queue.',
    it: 'Premete asterisco per uscire dalla coda.',
    cs: 'Frontu opustíte stisknutím hvězdičky.',
    ru: 'Чтобы выйти из очереди, нажмите звёздочку.',
  },
  'no-agents': {
    en: 'Nobody is available at the moment. Please call again later.',
    it: 'Al momento nessuno è disponibile. Vi preghiamo di richiamare più tardi.',
    cs: 'Nikdo teď není k dispozici. Zavolejte prosím později.',
    ru: 'Сейчас нет свободных сотрудников. Пожалуйста, перезвоните позже.',
  },
  closed: {
    en: 'We cannot take your call now, we are closed. Please call again in our opening hours.',
    it: 'In questo momento siamo chiusi. Vi preghiamo di richiamare negli orari di apertura.',
    cs: 'Teď máme zavřeno. Zavolejte prosím v naší pracovní době.',
    ru: 'Сейчас мы не работаем. Пожалуйста, перезвоните в рабочее время.',
  },
  'transfer-failed': {
    en: 'Your call could not be transferred.',
    it: 'Non è stato possibile trasferire la chiamata.',
    cs: 'Hovor se nepodařilo přepojit.',
    ru: 'Не удалось перевести ваш звонок.',
  },
  callback: {
    en: 'Thank you. We will call you back.',
    it: 'Grazie. Vi richiameremo.',
    cs: 'Děkujeme. Zavoláme vám zpět.',
    ru: 'Спасибо. Мы вам перезвоним.',
  },
  voicemail: {
    en: 'Please leave a message after the tone.',
    it: 'Lasciate un messaggio dopo il segnale acustico.',
    cs: 'Zanechte prosím vzkaz po zaznění tónu.',
    ru: 'Пожалуйста, оставьте сообщение после сигнала.',
  },
  goodbye: {
    en: 'Thank you for calling. Goodbye.',
    it: 'Grazie per aver chiamato. Arrivederci.',
    cs: 'Děkujeme za zavolání. Na shledanou.',
    ru: 'Спасибо за звонок. До свидания.',
  },
};
