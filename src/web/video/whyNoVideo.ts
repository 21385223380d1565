/** Why video cannot be had just now, in words: the server says in /ready whether its media workers are being prepared, failed, or are not there. */
import type { VideoTexts } from './texts.ts';

/** Empty: nothing is known to be wrong. */
export async function whyNoVideo(origin: string, { t }: VideoTexts): Promise<string> {
  const state = await videoState(origin);
  return state === 'preparing' || state === 'failed' || state === 'absent' ? t(`why.${state}`) : '';
}

async function videoState(origin: string): Promise<string | undefined> {
  try {
    const answer = (await (await fetch(`${origin}/ready`)).json()) as { checks?: { video?: { detail?: string } } };
    return answer.checks?.video?.detail;
  } catch (error) {
    console.debug('centralino: the state of video is not known', error);
    return undefined;
  }
}
