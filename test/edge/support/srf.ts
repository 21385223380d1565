/** drachtio-srf as these tests use it; its own declarations leave half of it out. */
import type { EventEmitter } from 'node:events';

export interface AppMessage extends EventEmitter {
  readonly method: string;
  readonly uri: string;
  readonly body: string;
  readonly status: number;
  readonly raw: string;
  readonly source_address: string;
  readonly source_port: number;
  readonly protocol: string;
  readonly stackDialogId: string;
  has(name: string): boolean;
  get(name: string): string;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface AppResponse extends AppMessage {
  send(status: number, options?: SendOptions, callback?: (error: unknown, sent?: AppMessage) => void): void;
}

export interface SentRequest extends AppMessage {
  cancel(): void;
}

export interface AppDialog extends EventEmitter {
  /** False once it is over; an application that awaited the dialog may have missed `destroy`. */
  readonly connected: boolean;
  readonly id: string;
  readonly sip: { readonly callId: string; readonly localTag: string; readonly remoteTag: string };
  readonly local: { readonly sdp: string; readonly uri: string };
  readonly remote: { readonly sdp: string; readonly uri: string };
  destroy(): Promise<AppMessage>;
  modify(sdp: string): Promise<string>;
  request(options: SendOptions & { readonly method: string }): Promise<AppMessage>;
  getCountOfSubscriptions(): number;
}

export interface UacOptions extends SendOptions {
  readonly localSdp?: string;
  readonly proxy?: string;
  readonly method?: string;
  readonly callingNumber?: string;
}

export interface UacEvents {
  readonly cbRequest?: (error: unknown, request: SentRequest) => void;
  readonly cbProvisional?: (response: AppMessage) => void;
}

export interface ProxyResults {
  readonly connected: boolean;
  readonly finalStatus: number;
  readonly responses: readonly { readonly address: string; readonly port: number; readonly msgs: readonly { readonly status: number }[] }[];
}

type Method = 'invite' | 'prack' | 'options' | 'register' | 'message' | 'subscribe' | 'notify' | 'refer' | 'info' | 'publish' | 'update';
type Handlers = Readonly<Record<Method, (handler: (req: AppMessage, res: AppResponse) => void) => void>>;

export interface TestSrf extends Handlers, EventEmitter {
  createUAS(req: AppMessage, res: AppResponse, options?: { readonly localSdp?: string; readonly headers?: object }): Promise<AppDialog>;
  createUAC(uri: string, options: UacOptions, events?: UacEvents): Promise<AppDialog>;
  createB2BUA(req: AppMessage, res: AppResponse, uri: string, options: object): Promise<{ uas: AppDialog; uac: AppDialog }>;
  proxyRequest(req: AppMessage, targets: string | string[], options?: object): Promise<ProxyResults>;
  request(uri: string, options: UacOptions & { readonly method: string }): Promise<SentRequest>;
  addDialog(dialog: AppDialog): void;
  findDialogById(id: string): AppDialog | undefined;
  disconnect(): void;
  readonly app: { readonly client: { readonly verbs: ReadonlyMap<string, unknown>; readonly mapServer: ReadonlyMap<unknown, unknown> } };
}
