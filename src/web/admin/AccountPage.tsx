/** ACC-5: what holds for the whole organisation. */
import { useMemo } from 'preact/hooks';
import { adminApi } from './api.ts';
import { Form } from './form/form.ts';
import { SwitchInput } from './form/inputs.tsx';
import { SaveBar } from './form/SaveBar.tsx';
import { useLoaded } from './load.ts';
import { t } from './texts.ts';
import type { Account } from './types.ts';
import { Waiting } from './Waiting.tsx';

type AccountValues = Pick<Account, 'canSignInAnywhere'>;

export function AccountPage() {
  const [state, , reload] = useLoaded(() => adminApi.account());
  if (state.name !== 'ready') return <Waiting state={state} onRetry={reload} />;
  return <AccountFields account={state.value} />;
}

function AccountFields({ account }: { account: Account }) {
  const form = useMemo(
    () =>
      new Form<AccountValues>(valuesOf(account), {
        change: async (change, version) => valuesOf(await adminApi.changeAccount(change, version)),
        reload: async () => valuesOf(await adminApi.account()),
      }),
    [],
  );
  return (
    <div class="admin-page">
      <header class="admin-head">
        <div>
          <h3>{t('page.account')}</h3>
          <p>{t('account.hint')}</p>
        </div>
      </header>
      <form class="editor-form" onSubmit={(event) => event.preventDefault()} noValidate>
        <div class="form-section">
          <SwitchInput
            label={t('account.canSignInAnywhere')}
            hint={t('account.canSignInAnywhere.hint')}
            {...form.field('canSignInAnywhere')}
          />
        </div>
        <SaveBar form={form} nameOf={() => 'account.canSignInAnywhere'} />
      </form>
    </div>
  );
}

const valuesOf = ({ canSignInAnywhere, version }: Account): Account => ({ canSignInAnywhere, version });
