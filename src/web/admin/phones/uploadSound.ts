/** Sends a WAV file as it is; the server converts it. */
import { Problem } from '../../desk/api.ts';
import type { Sound } from '../types.ts';

/** @throws Problem */
export async function uploadSound(file: File): Promise<Sound> {
  const response = await fetch('/api/v1/sounds', {
    method: 'POST',
    headers: { 'X-Centralino': '1', 'Content-Type': 'audio/wav', 'X-File-Name': encodeURIComponent(file.name) },
    body: file,
  }).catch(() => {
    throw new Problem(0, 'offline', '', {});
  });
  const text = await response.text();
  const answer = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
  if (response.ok) return answer as unknown as Sound;
  throw new Problem(response.status, String(answer.code ?? 'internal'), String(answer.detail ?? ''), answer);
}
