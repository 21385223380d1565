/** One trunk: how it is known, where calls go out, what may be called through it, and its limits. */
import { useState } from 'preact/hooks';
import { Dialog } from '../../desk/Dialog.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { adminApi } from '../api.ts';
import { ChoiceInput, NumberInput, SelectInput, SwitchInput, TextInput } from '../form/inputs.tsx';
import { fieldText } from '../problems.ts';
import { t } from '../texts.ts';
import type { SipCredentials, Trunk, TrunkValues } from '../types.ts';
import { CredentialsDialog } from './CredentialsDialog.tsx';
import { DialogFoot } from './DialogFoot.tsx';
import { TrunkRegistration } from './TrunkState.tsx';
import { useAttempt } from './useAttempt.ts';

const NEW: TrunkValues = {
  name: '',
  type: 'address',
  sources: [],
  host: '',
  port: 0,
  transport: 'udp',
  username: '',
  outboundProxy: '',
  authUsername: '',
  prefixes: [],
  callerId: '',
  maxCalls: 30,
  maxCallsPerMinute: 60,
  maxMinutesPerDay: 1_000,
  isActive: true,
};
const MOST = 100_000;

/** A list as people type it. */
const words = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);

export interface TrunkDialogProps {
  /** As it was when it was opened; undefined: a new one. */
  readonly trunk: Trunk | undefined;
  /** The same as it is now: it may register meanwhile. */
  readonly state: Trunk | undefined;
  onDone(): void;
  onClose(): void;
}

export function TrunkDialog({ trunk, state, onDone, onClose }: TrunkDialogProps) {
  const [draft, setDraft] = useState<TrunkValues>(() => (trunk ? valuesOf(trunk) : NEW));
  const [sources, setSources] = useState(draft.sources.join(', '));
  const [prefixes, setPrefixes] = useState(draft.prefixes.join(', '));
  const [password, setPassword] = useState('');
  const [credentials, setCredentials] = useState<SipCredentials>();
  const attempt = useAttempt();
  if (credentials) return <CredentialsDialog credentials={credentials} onClose={onDone} />;
  const { type } = draft;
  const field = <Name extends keyof TrunkValues>(name: Name) => ({
    value: draft[name],
    error: errorAt(name),
    onChange: (value: TrunkValues[Name]) => setDraft((now) => ({ ...now, [name]: value })),
  });
  const errorAt = (name: string): string | undefined => {
    const found = [...(attempt.problem?.fields ?? [])].find(([path]) => path === name || path.startsWith(`${name}.`));
    return found && fieldText(found[1]);
  };
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const lists = { sources: words(sources), prefixes: words(prefixes) };
    const secret = type === 'provider' && password !== '' ? { password } : {};
    await attempt.run(async () => {
      if (trunk) {
        const { type: _, ...fields } = draft;
        await adminApi.changeTrunk(trunk.id, { ...fields, ...lists, ...secret }, trunk.version);
        onDone();
      } else {
        const made = await adminApi.makeTrunk({ ...draft, ...lists, ...secret });
        if (made.credentials) setCredentials(made.credentials);
        else onDone();
      }
    });
  };
  const renew = (known: Trunk) =>
    attempt.run(async () => setCredentials((await adminApi.newTrunkPassword(known.id, known.version)).credentials));
  return (
    <Dialog title={trunk ? trunk.name : t('trunks.new')} onClose={onClose}>
      <form class="dialog-form" onSubmit={(event) => void save(event)} noValidate>
        {state && <TrunkRegistration trunk={state} />}
        <TextInput label={t('trunks.name')} maxLength={100} {...field('name')} />
        {!trunk && (
          <ChoiceInput
            label={t('trunks.type')}
            choices={(['address', 'provider', 'registers'] as const).map((value) => ({
              value,
              name: t(`trunks.type.${value}`),
              hint: t(`trunks.type.${value}.hint`),
            }))}
            {...field('type')}
          />
        )}
        {type === 'address' && (
          <TextInput
            label={t('trunks.sources')}
            hint={t('trunks.sources.hint')}
            value={sources}
            maxLength={2_000}
            error={errorAt('sources')}
            onChange={setSources}
          />
        )}
        {type !== 'registers' && (
          <div class="field-trio">
            <TextInput label={t('trunks.host')} maxLength={255} {...field('host')} />
            <NumberInput label={t('trunks.port')} min={0} max={65_535} {...field('port')} />
            <SelectInput
              label={t('trunks.transport')}
              choices={(['udp', 'tcp', 'tls'] as const).map((value) => ({ value, name: value.toUpperCase() }))}
              {...field('transport')}
            />
          </div>
        )}
        {type !== 'registers' && (
          <TextInput label={t('trunks.outboundProxy')} hint={t('trunks.outboundProxy.hint')} maxLength={262} {...field('outboundProxy')} />
        )}
        {type === 'provider' && (
          <>
            <TextInput label={t('phones.username')} maxLength={64} {...field('username')} />
            <TextInput label={t('trunks.authUsername')} hint={t('trunks.authUsername.hint')} maxLength={64} {...field('authUsername')} />
            <TextInput
              label={t('phones.password')}
              hint={trunk?.hasPassword ? t('trunks.password.kept') : undefined}
              value={password}
              maxLength={200}
              error={errorAt('password')}
              onChange={setPassword}
            />
          </>
        )}
        {type === 'registers' && trunk && (
          <div class="phone-secret">
            <p>
              {t('phones.username')}: <code>{trunk.username}</code>
            </p>
            <button type="button" class="button" disabled={attempt.isBusy} onClick={() => void renew(trunk)}>
              <Icon name="lock" size={16} />
              {t('phones.newPassword')}
            </button>
          </div>
        )}
        <TextInput
          label={t('trunks.prefixes')}
          hint={t('trunks.prefixes.hint')}
          value={prefixes}
          maxLength={4_000}
          error={errorAt('prefixes')}
          onChange={setPrefixes}
        />
        <TextInput label={t('trunks.callerId')} maxLength={64} {...field('callerId')} />
        <div class="field-trio">
          <NumberInput label={t('trunks.maxCalls')} min={0} max={MOST} {...field('maxCalls')} />
          <NumberInput label={t('trunks.maxCallsPerMinute')} min={0} max={MOST} {...field('maxCallsPerMinute')} />
          <NumberInput
            label={t('trunks.maxMinutesPerDay')}
            hint={t('trunks.maxMinutesPerDay.hint')}
            min={0}
            max={10_000_000}
            {...field('maxMinutesPerDay')}
          />
        </div>
        <SwitchInput label={t('trunks.isActive')} {...field('isActive')} />
        <DialogFoot
          attempt={attempt}
          saveLabel={t(trunk ? 'save' : 'make')}
          canSave={draft.name.trim() !== ''}
          onClose={onClose}
          onDelete={trunk && (() => void attempt.run(() => adminApi.deleteTrunk(trunk.id)).then((isDone) => isDone && onDone()))}
        />
      </form>
    </Dialog>
  );
}

function valuesOf({ id: _id, version: _version, hasPassword: _hasPassword, registration: _registration, ...rest }: Trunk): TrunkValues {
  const { createdAt: _createdAt, ...values } = rest as TrunkValues & { createdAt?: number };
  return values;
}
