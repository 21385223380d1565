/** VOX-6: which countries and kinds of numbers may be called, and how often by one agent. */
import { useMemo } from 'preact/hooks';
import { adminApi } from '../api.ts';
import { Form, type Versioned } from '../form/form.ts';
import { NumberInput, TextInput } from '../form/inputs.tsx';
import { SaveBar } from '../form/SaveBar.tsx';
import { Section } from '../form/Section.tsx';
import { type AdminKey, t } from '../texts.ts';
import type { OutboundRules } from '../types.ts';
import { TypeTicks } from './TypeTicks.tsx';

/** As it is typed: countries in one line. */
interface Values {
  readonly homeCountry: string;
  readonly countries: string;
  readonly types: OutboundRules['types'];
  readonly perAgentPerMinute: number;
}
const NAMES: Readonly<Record<keyof Values, AdminKey>> = {
  homeCountry: 'outbound.homeCountry',
  countries: 'outbound.countries',
  types: 'outbound.types',
  perAgentPerMinute: 'outbound.perAgentPerMinute',
};

export function OutboundForm({ rules }: { rules: OutboundRules & Versioned }) {
  const form = useMemo(
    () =>
      new Form<Values>(valuesOf(rules), {
        change: async ({ countries, ...change }, version) =>
          valuesOf(
            await adminApi.changeOutbound({ ...change, ...(countries !== undefined && { countries: codesIn(countries) }) }, version),
          ),
        reload: async () => valuesOf(await adminApi.outbound()),
      }),
    [rules.version],
  );
  const countryError = [...form.errors.value].find(([path]) => path.startsWith('countries'))?.[1];
  const home = form.field('homeCountry');
  return (
    <form class="editor-form outbound-form" onSubmit={(event) => event.preventDefault()} noValidate>
      <Section id="section-outbound" title={t('outbound.title')} hint={t('outbound.hint')}>
        <TextInput
          label={t('outbound.homeCountry')}
          hint={t('outbound.homeCountry.hint')}
          maxLength={2}
          {...home}
          onChange={(value) => home.onChange(value.toUpperCase())}
        />
        <TextInput
          label={t('outbound.countries')}
          hint={t('outbound.countries.hint')}
          maxLength={1_000}
          {...form.field('countries')}
          error={countryError}
        />
        <TypeTicks label={t('outbound.types')} hint={t('outbound.types.hint')} {...form.field('types')} />
        <NumberInput
          label={t('outbound.perAgentPerMinute')}
          hint={t('outbound.perAgentPerMinute.hint')}
          min={0}
          max={1_000}
          {...form.field('perAgentPerMinute')}
        />
      </Section>
      <SaveBar form={form} nameOf={(field) => NAMES[field]} />
    </form>
  );
}

const codesIn = (text: string): string[] => [
  ...new Set(
    text
      .toUpperCase()
      .split(/[\s,;]+/)
      .filter(Boolean),
  ),
];

function valuesOf({ homeCountry, countries, types, perAgentPerMinute, version }: OutboundRules & Versioned): Values & Versioned {
  return { homeCountry, countries: countries.join(', '), types, perAgentPerMinute, version };
}
