/** Why a form was refused. On a small screen it may begin below what is seen: it is brought into view. */
import { useEffect, useRef } from 'preact/hooks';

export function FormError({ text }: { text: string }) {
  const line = useRef<HTMLParagraphElement>(null);
  useEffect(() => line.current?.scrollIntoView({ block: 'nearest' }), [text]);
  if (text === '') return null;
  return (
    <p class="form-error" role="alert" ref={line}>
      {text}
    </p>
  );
}
