/** An area onto which files can be dropped. Without `uploads` it is only an area. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Icon } from '../ui/Icon.tsx';
import { useTexts } from '../ui/Texts.tsx';
import type { Uploads } from './uploads.ts';

export function DropZone({ uploads, class: name, children }: { uploads: Uploads | undefined; class: string; children: ComponentChildren }) {
  const { t } = useTexts();
  const [isOver, setOver] = useState(false);
  const hasFiles = (event: DragEvent) => uploads !== undefined && (event.dataTransfer?.types.includes('Files') ?? false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the button beside the text is the first
    <div
      class={`drop-zone ${name}`}
      onDragOver={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        setOver(false);
        if (!hasFiles(event)) return;
        event.preventDefault();
        uploads?.add(event.dataTransfer?.files ?? []);
      }}
    >
      {children}
      {isOver && (
        <div class="drop-hint" aria-hidden="true">
          <Icon name="file" size={28} />
          {t('drop')}
        </div>
      )}
    </div>
  );
}
