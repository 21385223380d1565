/** The words of calls: the group's own where it has some, else ours in the nearest language. Handed down to all components of this part. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { fill, type Language, nearestLanguage, type Params } from '../i18n/translate.ts';
import { type VideoKey, videoEn } from '../i18n/video.en.ts';
import { videoIt } from '../i18n/video.it.ts';

const DICTIONARIES: Readonly<Record<Language, Readonly<Record<VideoKey, string>>>> = { en: videoEn, it: videoIt };

export interface VideoTexts {
  t(key: VideoKey, params?: Params): string;
  /** BCP 47. */
  readonly language: string;
}

export function createVideoTexts(language: string, own: Readonly<Record<string, string>> = {}): VideoTexts {
  const dictionary = DICTIONARIES[nearestLanguage(language)];
  return { t: (key, params) => fill(own[`video.${key}`] || dictionary[key], params), language };
}

const Context = createContext<VideoTexts | undefined>(undefined);
export const VideoTextsProvider = Context.Provider;

export function useVideoTexts(): VideoTexts {
  const texts = useContext(Context);
  if (!texts) throw new Error('VideoTextsProvider is missing above this component');
  return texts;
}

const PROBLEMS: Readonly<Record<string, VideoKey>> = {
  forbidden: 'problem.forbidden',
  unavailable: 'problem.unavailable',
  offline: 'problem.unavailable',
  at_capacity: 'problem.at_capacity',
  wrong_state: 'problem.wrong_state',
};

export const problemKey = (code: string): VideoKey => PROBLEMS[code] ?? 'problem.other';
