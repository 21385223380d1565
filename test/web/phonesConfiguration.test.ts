/** Numbers, phones, trunks and a queue's voice as administrators configure them in the browser. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { wavOf } from '../support/wav.ts';
import { PhoneCalls } from './support/phoneCalls.ts';
import { type DeskPage, WebStage } from './support/stage.ts';

let stage: WebStage;
let phones: PhoneCalls;
let giulia: DeskPage;
beforeAll(async () => {
  stage = await WebStage.open();
  phones = await PhoneCalls.start(stage.center);
  giulia = await stage.desk('giulia', { place: '#/admin/numbers' });
}, 120_000);
afterEach(() => expect(stage.browser.takeErrors()).toEqual([]));
afterAll(async () => {
  await phones.close();
  await stage.close();
});

const go = async (page: string): Promise<void> => giulia.page.locator('.admin-tab', { hasText: page }).click();
const dialog = () => giulia.page.getByRole('dialog');
const row = (text: string) => giulia.page.locator('.admin-row', { hasText: text });

describe('configuration of phones', () => {
  test('VOX-1 the next free extension is proposed for a new number; a number that exists is refused at its field’s dialog', async () => {
    await row('100').getByText('leads to Sales line').waitFor();
    await giulia.page.getByRole('button', { name: 'New number' }).click();
    const number = dialog().getByLabel('Number or extension');
    // 101 to 103 are the short numbers of the demo's phones.
    await expect.poll(() => number.inputValue()).toBe('104');
    await dialog().getByLabel('Label').fill('Second line');
    await dialog().getByRole('button', { name: 'Add' }).click();
    await row('104').getByText('Second line').waitFor();
    await giulia.page.getByRole('button', { name: 'New number' }).click();
    await expect.poll(() => number.inputValue()).toBe('105');
    await number.fill('100');
    await dialog().getByRole('button', { name: 'Add' }).click();
    await dialog().getByText('The account has this number already.').waitFor();
    await number.fill('anna');
    await dialog().getByRole('button', { name: 'Add' }).click();
    await dialog().locator('.field-error').waitFor();
    await giulia.page.keyboard.press('Escape');
    await row('104').getByRole('button').click();
    await dialog().getByRole('button', { name: 'Delete' }).click();
    await row('104').waitFor({ state: 'detached' });
  });

  test('VOX-4 a new SIP phone’s password is shown once; RTE-4 a registered one has its green mark', async () => {
    await go('Phones');
    await giulia.page.getByRole('button', { name: 'New phone' }).click();
    await dialog().getByLabel('Person').selectOption({ label: 'Marco Verdi' });
    await dialog().getByLabel('Name of the phone').fill('Kitchen');
    await dialog().getByRole('button', { name: 'Create' }).click();
    await dialog().getByText('shown only now').waitFor();
    const [, username = '', password = ''] = await dialog().locator('code').allTextContents();
    expect(password).toMatch(/^([2-9a-z]{4}-){3}[2-9a-z]{4}$/);
    await dialog().getByRole('button', { name: 'I have noted it' }).click();
    await row('Kitchen').getByText('not registered').waitFor();
    expect(await giulia.page.content()).not.toContain(password);
    await phones.register(username, 'Test phone 1.0');
    await giulia.page.reload();
    await row('Kitchen').locator('.dot-on').waitFor();
    expect(await row('Kitchen').textContent()).toContain('Test phone 1.0');
    // Another password: the phone has to register with it.
    await row('Kitchen').getByRole('button').click();
    await dialog().getByRole('button', { name: 'New password' }).click();
    await dialog().getByText('shown only now').waitFor();
    expect((await dialog().locator('code').allTextContents())[2]).not.toBe(password);
    await dialog().getByRole('button', { name: 'I have noted it' }).click();
    await row('Kitchen').locator('.dot-off').waitFor();
  });

  test('RTE-4 an agent’s own page shows and adds that agent’s phones', async () => {
    await go('Agents');
    await giulia.page.getByText('Anna Bianchi').click();
    const own = giulia.page.locator('.agent-phones');
    await own.locator('.admin-row').waitFor();
    await own.getByRole('button', { name: 'New phone' }).click();
    await dialog().getByLabel('Name of the phone').fill('Mobile');
    await dialog().getByText('Outside number').click();
    await dialog().getByLabel('Number to call').fill('+39 333 1234567');
    await dialog().getByRole('button', { name: 'Create' }).click();
    await own.locator('.admin-row', { hasText: '+393331234567' }).waitFor();
    expect(await own.locator('.admin-row').count()).toBe(2);
  });

  test('VOX-6 an agent gets kinds of numbers of their own, and gives them back', async () => {
    await go('Agents');
    await giulia.page.getByText('Marco Verdi').click();
    const types = async () => {
      const { items } = (await stage.asAdmin('GET', '/users?search=marco')) as { items: { outboundTypes: string[] | null }[] };
      return items[0]?.outboundTypes;
    };
    const own = giulia.page.getByLabel('Kinds of numbers of one’s own');
    const save = async () => {
      await giulia.page.getByRole('button', { name: 'Save', exact: true }).click();
      await giulia.page.getByText('Saved', { exact: true }).waitFor();
    };
    await own.click();
    await giulia.page.getByLabel('Mobile').uncheck();
    await giulia.page.getByLabel('International').check();
    await save();
    expect(await types()).toEqual(['local', 'national', 'international']);
    await own.click();
    await save();
    expect(await types()).toBeNull();
  });

  test('VOX-6 trunks with their limits, and what may be called at all', async () => {
    await go('Trunks');
    await giulia.page.getByText('No trunks').waitFor();
    await giulia.page.getByRole('button', { name: 'New trunk' }).click();
    await dialog().getByLabel('Name', { exact: true }).fill('Provider');
    await dialog().getByText('We sign in with the provider').click();
    await dialog().getByRole('button', { name: 'Create' }).click();
    // What a provider needs is said at its fields.
    await expect.poll(() => dialog().locator('.field-error').count()).toBe(3);
    await dialog().getByLabel('Host for outgoing calls').fill('sip.provider.example');
    await dialog().getByRole('textbox', { name: 'User name' }).fill('acme');
    await dialog().getByLabel('Outbound proxy').fill('[2001:db8::7]:5070');
    await dialog().getByLabel('Name for authentication').fill('4411e0');
    await dialog().getByRole('textbox', { name: 'Password' }).fill('their secret');
    await dialog().getByLabel('Numbers that may be called through it').fill('+39, +420');
    await dialog().getByRole('button', { name: 'Create' }).click();
    await row('Provider').getByText('+39 +420').waitFor();
    await row('Provider').getByRole('button').click();
    expect(await dialog().getByRole('textbox', { name: 'Password' }).inputValue()).toBe('');
    expect(await dialog().getByLabel('Outbound proxy').inputValue()).toBe('[2001:db8::7]:5070');
    await giulia.page.keyboard.press('Escape');
    // While it is open, whatever is typed goes there.
    await dialog().waitFor({ state: 'detached' });
    await giulia.page.getByLabel('Home country').fill('it');
    await giulia.page.getByLabel('Countries that may be called').fill('IT, CZ');
    await giulia.page.getByRole('button', { name: 'Save' }).click();
    await giulia.page.getByText('Saved', { exact: true }).waitFor();
    expect(await stage.asAdmin('GET', '/outbound')).toMatchObject({ homeCountry: 'IT', countries: ['IT', 'CZ'] });
  });

  test('VOX-3 music is uploaded, heard and chosen; the exit leads where it was told', async () => {
    await go('Queues');
    await giulia.page.getByText('Sales line').click();
    const upload = giulia.page.locator('.sound-field').first();
    await upload.locator('input[type=file]').setInputFiles([{ name: 'Waltz.wav', mimeType: 'audio/wav', buffer: wavOf(440, 1.2) }]);
    const player = upload.locator('audio');
    await player.waitFor();
    const seconds = () => player.evaluate((audio: HTMLAudioElement) => (audio.preload = 'metadata') && audio.duration);
    await expect.poll(seconds).toBeCloseTo(1.2, 1);
    await upload
      .locator('input[type=file]')
      .setInputFiles([{ name: 'x.wav', mimeType: 'audio/wav', buffer: Buffer.from('nothing to hear') }]);
    await giulia.page.getByText('This file cannot be used: it is not a WAV file.').waitFor();
    await giulia.page.getByLabel('Language of the announcements').selectOption('it');
    await giulia.page.getByLabel('Callers may leave the queue with a key').click();
    await giulia.page.locator('#section-voice').getByLabel('Then').selectOption('voicemail');
    await giulia.page.getByRole('button', { name: 'Save' }).click();
    await giulia.page.getByText('Saved', { exact: true }).waitFor();
    const queue = (await stage.asAdmin('GET', `/queues/${await phones.queueNamed('Sales line')}`)) as { voice: Record<string, unknown> };
    expect(queue.voice).toMatchObject({
      music: expect.stringMatching(/^snd_/),
      language: 'it',
      canExit: true,
      exitKey: '*',
      exitTo: { op: 'voicemail' },
    });
    // A queue of conversations has no voice.
    await go('Queues');
    await giulia.page.getByText('Support').click();
    await giulia.page.locator('#section-basics').waitFor();
    expect(await giulia.page.locator('#section-voice').count()).toBe(0);
  });
});
