/**
 * A file in a conversation. Pictures are drawn on a canvas from bytes fetched with the reader's credentials, because an <img> can send none
 * and a page's policy may forbid blob addresses; everything else is a download.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { FileView } from '../socket/wire.ts';
import { Icon } from '../ui/Icon.tsx';
import { useTexts } from '../ui/Texts.tsx';
import { fileSize } from '../ui/time.ts';
import { fetchBlob, fileUrl, type RestHost, saveBlob } from './rest.ts';

const PICTURES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif']);
const MOST_WIDE = 480;

export function FileCard({ file, host }: { file: FileView; host: RestHost }) {
  const { t, language } = useTexts();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [isBroken, setBroken] = useState(false);
  const isPicture = PICTURES.has(file.type) && !isBroken;
  useEffect(() => {
    if (!PICTURES.has(file.type)) return;
    let isGone = false;
    drawPicture(host, file, () => (isGone ? null : canvas.current)).catch(() => !isGone && setBroken(true));
    return () => {
      isGone = true;
    };
  }, [file.id]);
  const save = () =>
    void fetchBlob(host, fileUrl(host, file.id)).then(
      (blob) => saveBlob(blob, file.name),
      () => setBroken(true),
    );
  return (
    <button type="button" class={isPicture ? 'file file-picture' : 'file'} onClick={save}>
      <span class="sr-only">{isPicture ? t('file.open', { name: file.name, size: fileSize(file.size, language) }) : t('file.save')}</span>
      {isPicture ? (
        <canvas ref={canvas} width="240" height="150" />
      ) : (
        <>
          <span class="file-icon">
            <Icon name="file" />
          </span>
          <span class="file-words">
            <span class="file-name">{file.name}</span>
            <span class="file-size">{isBroken ? t('file.gone') : fileSize(file.size, language)}</span>
          </span>
          <Icon name="download" size={18} />
        </>
      )}
    </button>
  );
}

async function drawPicture(host: RestHost, file: FileView, target: () => HTMLCanvasElement | null): Promise<void> {
  const picture = await createImageBitmap(await fetchBlob(host, fileUrl(host, file.id)));
  const canvas = target();
  if (canvas) {
    const scale = Math.min(1, MOST_WIDE / picture.width);
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  }
  picture.close();
}
