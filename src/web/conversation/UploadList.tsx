/** What is being sent, with progress, and what could not be, with the reason. */
import type { SharedKey } from '../i18n/shared.en.ts';
import { Icon } from '../ui/Icon.tsx';
import { useTexts } from '../ui/Texts.tsx';
import { isRetryable, type Upload, type Uploads } from './uploads.ts';

const REASONS: Readonly<Record<string, SharedKey>> = {
  too_large: 'file.tooLarge',
  empty: 'file.empty',
  file_type: 'file.type',
  unsupported_media: 'file.type',
  offline: 'file.offline',
  no_room: 'file.noRoom',
  rate_limited: 'error.rate_limited',
  gone: 'error.gone',
};

export function UploadList({ uploads }: { uploads: Uploads }) {
  return (
    <ul class="uploads">
      {uploads.items.value.map((upload) => (
        <li key={upload.id} class={upload.code ? 'upload upload-failed' : 'upload'}>
          <UploadRow upload={upload} uploads={uploads} />
        </li>
      ))}
    </ul>
  );
}

function UploadRow({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const { t } = useTexts();
  const { name } = upload.file;
  return (
    <>
      <Icon name={upload.code ? 'alert' : 'file'} size={18} />
      {upload.code ? (
        <span class="upload-name" role="alert">
          {t(REASONS[upload.code] ?? 'file.failed', { name })}
        </span>
      ) : (
        <span class="upload-name">
          {name}
          <progress max={1} value={upload.part} aria-label={t('file.uploading', { name })} />
        </span>
      )}
      {upload.code && isRetryable(upload.code) && (
        <button type="button" class="icon-button small" aria-label={t('retry')} title={t('retry')} onClick={() => uploads.retry(upload.id)}>
          <Icon name="retry" size={16} />
        </button>
      )}
      <button
        type="button"
        class="icon-button small"
        aria-label={upload.code ? t('discard') : t('cancel')}
        onClick={() => uploads.remove(upload.id)}
      >
        <Icon name="close" size={16} />
      </button>
    </>
  );
}
