/** What a REGISTER asks for, as phones write it and as nobody should. */
import { describe, expect, test } from 'vitest';
import { grantedExpiry, orderOf, readContacts, registeredUser, unsupported } from '../../sip/registrar/contacts.ts';

const limits = { min: 60, max: 3_600, usual: 600 };

describe('contacts of a REGISTER', () => {
  test('RFC 3261 10.2.1 the parameter counts before the header, the usual time where neither stands, and no more than the most', () => {
    const header = '<sip:a@192.0.2.1:5060;transport=tcp>;expires=120, "A, B" <sip:b@192.0.2.2>;q=0.5, <sip:c@192.0.2.3>;expires=99999';
    expect(readContacts(header, '300', limits)).toEqual({
      kind: 'contacts',
      contacts: [
        { uri: 'sip:a@192.0.2.1:5060;transport=tcp', instance: 'sip:a@192.0.2.1:5060;transport=tcp', expires: 120 },
        { uri: 'sip:b@192.0.2.2', instance: 'sip:b@192.0.2.2', expires: 300 },
        { uri: 'sip:c@192.0.2.3', instance: 'sip:c@192.0.2.3', expires: 3_600 },
      ],
    });
    expect(readContacts('<sip:a@192.0.2.1>', undefined, limits)).toMatchObject({ contacts: [{ expires: 600 }] });
    expect(readContacts('<sip:a@192.0.2.1>', 'soon', limits)).toMatchObject({ contacts: [{ expires: 600 }] });
  });

  test('RFC 5626 4.1 an instance with its reg-id is what a registration replaces', () => {
    const header = '<sip:a@192.0.2.1>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>";reg-id=2';
    expect(readContacts(header, undefined, limits)).toMatchObject({
      contacts: [{ instance: '<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>;2' }],
    });
  });

  test('RFC 3261 10.2.2 "*" removes all, with Expires: 0 and alone; a time of 0 removes one', () => {
    expect(readContacts('*', '0', limits)).toEqual({ kind: 'removeAll' });
    expect(readContacts('*', undefined, limits).kind).toBe('malformed');
    expect(readContacts('*, <sip:a@192.0.2.1>', '0', limits).kind).toBe('malformed');
    expect(readContacts('<sip:a@192.0.2.1>;expires=0', '60', limits)).toMatchObject({ contacts: [{ expires: 0 }] });
  });

  test('RFC 3261 10.3 a time that is too brief is refused, and no Contact is a question', () => {
    expect(readContacts('<sip:a@192.0.2.1>;expires=59', undefined, limits)).toEqual({ kind: 'tooBrief' });
    expect(readContacts(undefined, '60', limits)).toEqual({ kind: 'query' });
  });

  test.each(['mailto:a@b', '<tel:+39>', '<sip:a@>', 'x', ',', '<sip:a@b', `<sip:${'a'.repeat(600)}@b>`, Array(6).fill('<sip:a@b>').join()])(
    'SEC a contact that is none of SIP, or too much, is malformed: %#',
    (header) => expect(readContacts(header, undefined, limits).kind).toBe('malformed'),
  );

  test('RFC 3261 10.2 the address that is registered, the order of requests, what is insisted on', () => {
    expect(registeredUser('"A" <sip:anna%2Ddesk@example.org>')).toBe('anna-desk');
    expect(registeredUser('sip:anna:password@example.org;tag=1')).toBe('anna');
    expect(registeredUser('<sip:%ZZ@example.org>')).toBeUndefined();
    expect(registeredUser('<sip:example.org>')).toBeUndefined();
    expect(orderOf('id', '7 REGISTER')).toEqual({ callId: 'id', cseq: 7 });
    expect(orderOf('id', '7 INVITE')).toBeUndefined();
    expect(orderOf('id', '99999999999 REGISTER')).toBeUndefined();
    expect(unsupported('path, gruu')).toEqual(['gruu']);
  });

  test('RFC 3261 10.2.4 of what a registrar granted, our own contact counts', () => {
    const header = '<sip:other@192.0.2.9>;expires=10, <sip:trk_1@192.0.2.1:5060>;expires=1800';
    expect(grantedExpiry(header, '60', 'trk_1')).toBe(1_800);
    expect(grantedExpiry('<sip:trk_1@192.0.2.1>', '60', 'trk_1')).toBe(60);
    expect(grantedExpiry(undefined, undefined, 'trk_1')).toBeUndefined();
  });
});
