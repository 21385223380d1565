/** HTTP calls that widget and desk share: files up and down, transcripts. Errors come as `HttpError` with the code of the server's problem document. */
import type { FileView } from '../socket/wire.ts';

export class HttpError extends Error {
  override name = 'HttpError';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, text: string) {
    super(text);
    this.status = status;
    this.code = code;
  }
}

/** Who asks: the widget sends its visitor token, the desk relies on its cookie. */
export type Credentials = Readonly<Record<string, string>>;

export interface RestHost {
  readonly origin: string;
  credentials(): Credentials;
}

/** Sends a file; `onProgress` gets 0…1. Aborting the signal cancels it. */
export function uploadFile(
  host: RestHost,
  interaction: string,
  file: File,
  onProgress: (part: number) => void,
  abort: AbortSignal,
): Promise<FileView> {
  return new Promise((resolve, reject) => {
    // fetch tells no upload progress.
    const request = new XMLHttpRequest();
    request.open('POST', `${host.origin}/api/v1/files`);
    for (const [name, value] of Object.entries(host.credentials())) request.setRequestHeader(name, value);
    // Without a type of its own the name decides, on the server as well.
    request.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    request.setRequestHeader('X-File-Name', encodeURIComponent(file.name));
    request.setRequestHeader('X-Interaction', interaction);
    request.upload.onprogress = (event) => onProgress(event.lengthComputable ? event.loaded / event.total : 0);
    request.onload = () => {
      const body = jsonOf(request.responseText);
      if (request.status < 300) resolve(body as unknown as FileView);
      else reject(new HttpError(request.status, String(body.code ?? 'internal'), String(body.detail ?? body.title ?? '')));
    };
    request.onerror = () => reject(new HttpError(0, 'offline', ''));
    request.onabort = () => reject(new HttpError(0, 'cancelled', ''));
    abort.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

export const fileUrl = (host: RestHost, id: string): string => `${host.origin}/api/v1/files/${id}`;
export const transcriptUrl = (host: RestHost, interaction: string): string =>
  `${host.origin}/api/v1/interactions/${interaction}/transcript.txt`;

/** @throws HttpError */
export async function fetchBlob(host: RestHost, url: string): Promise<Blob> {
  const response = await fetch(url, { headers: host.credentials() }).catch(() => {
    throw new HttpError(0, 'offline', '');
  });
  if (!response.ok) throw new HttpError(response.status, String(jsonOf(await response.text()).code ?? 'internal'), '');
  return response.blob();
}

/** Hands bytes to the browser as a download. */
export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
